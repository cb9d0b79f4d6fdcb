"""Kalman filter and Rauch-Tung-Striebel smoother in NumPy: a vehicle seen through noisy positions.

Axes: t time, n state (position and velocity), m measurement.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class LinearGaussian:
    """`x' = A x + noise(Q)`, `z = H x + noise(R)`."""

    A: Float[np.ndarray, "n n"]
    H: Float[np.ndarray, "m n"]
    Q: Float[np.ndarray, "n n"]
    R: Float[np.ndarray, "m m"]


@dataclass(frozen=True)
class Track:
    """Gaussian beliefs about every state, and the log-likelihood of the measurements."""

    means: Float[np.ndarray, "t n"]
    covs: Float[np.ndarray, "t n n"]
    log_likelihood: float


def constant_velocity(dt: float, accel_noise: float, position_noise: float) -> LinearGaussian:
    """Two position axes and their velocities; only the positions are measured."""
    eye = np.eye(2)
    A = np.block([[eye, dt * eye], [np.zeros((2, 2)), eye]])
    H = np.hstack([eye, np.zeros((2, 2))])
    G = np.vstack([0.5 * dt**2 * eye, dt * eye])
    return LinearGaussian(A=A, H=H, Q=accel_noise**2 * G @ G.T, R=position_noise**2 * eye)


def predict(
    model: LinearGaussian, mean: Float[np.ndarray, " n"], cov: Float[np.ndarray, "n n"]
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, "n n"]]:
    return model.A @ mean, model.A @ cov @ model.A.T + model.Q


def update(
    model: LinearGaussian,
    mean: Float[np.ndarray, " n"],
    cov: Float[np.ndarray, "n n"],
    z: Float[np.ndarray, " m"],
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, "n n"], float]:
    """The belief after measurement `z`, and the log-likelihood of `z` before it was seen."""
    innovation = z - model.H @ mean
    S: Float[np.ndarray, "m m"] = model.H @ cov @ model.H.T + model.R
    gain: Float[np.ndarray, "n m"] = np.linalg.solve(S, model.H @ cov).T
    residual_map = np.eye(len(mean)) - gain @ model.H
    new_cov = residual_map @ cov @ residual_map.T + gain @ model.R @ gain.T  # Joseph form
    distance = innovation @ np.linalg.solve(S, innovation)
    _, log_det = np.linalg.slogdet(2 * np.pi * S)
    return mean + gain @ innovation, new_cov, float(-0.5 * (distance + log_det))


def kalman_filter(
    model: LinearGaussian,
    measurements: Float[np.ndarray, "t m"],
    mean: Float[np.ndarray, " n"],
    cov: Float[np.ndarray, "n n"],
) -> Track:
    means: list[Float[np.ndarray, " n"]] = []
    covs: list[Float[np.ndarray, "n n"]] = []
    total = 0.0
    for z in measurements:
        mean, cov = predict(model, mean, cov)
        mean, cov, log_likelihood = update(model, mean, cov, z)
        means.append(mean)
        covs.append(cov)
        total += log_likelihood
    return Track(np.stack(means), np.stack(covs), total)


def smooth(model: LinearGaussian, track: Track) -> Track:
    """Beliefs given all measurements, later ones included."""
    means, covs = track.means.copy(), track.covs.copy()
    for i in reversed(range(len(means) - 1)):
        mean, cov = predict(model, means[i], covs[i])
        gain: Float[np.ndarray, "n n"] = np.linalg.solve(cov, model.A @ covs[i]).T
        means[i] = means[i] + gain @ (means[i + 1] - mean)
        covs[i] = covs[i] + gain @ (covs[i + 1] - cov) @ gain.T
    return Track(means, covs, track.log_likelihood)


def simulate(
    model: LinearGaussian, steps: int, rng: np.random.Generator
) -> tuple[Float[np.ndarray, "t n"], Float[np.ndarray, "t m"]]:
    m, n = len(model.R), len(model.Q)
    states = np.zeros((steps, n))
    state = rng.standard_normal(n)
    for i in range(steps):
        state = model.A @ state + rng.multivariate_normal(np.zeros(n), model.Q)
        states[i] = state
    noise = rng.multivariate_normal(np.zeros(m), model.R, size=steps)
    return states, states @ model.H.T + noise


def rmse(estimate: Float[np.ndarray, "t k"], truth: Float[np.ndarray, "t k"]) -> float:
    squared = np.sum((estimate - truth) ** 2, axis=-1)
    return float(np.sqrt(np.mean(squared)))


def main() -> None:
    rng = np.random.default_rng(0)
    model = constant_velocity(dt=0.1, accel_noise=0.5, position_noise=0.4)
    states, measurements = simulate(model, 300, rng)
    filtered = kalman_filter(model, measurements, mean=np.zeros(4), cov=10.0 * np.eye(4))
    smoothed = smooth(model, filtered)

    positions = states[:, :2]
    print(f"log-likelihood {filtered.log_likelihood:.2f}")
    print(f"measured rmse {rmse(measurements, positions):.4f}")
    print(f"filtered rmse {rmse(filtered.means[:, :2], positions):.4f}")
    print(f"smoothed rmse {rmse(smoothed.means[:, :2], positions):.4f}")
    spread = np.sqrt(np.einsum("tii->ti", smoothed.covs))
    print(f"velocity spread {spread[:, 2:].mean():.4f}")


if __name__ == "__main__":
    main()

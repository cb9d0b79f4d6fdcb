"""The run-time door: `@shapecheck.checked` checks the arrays of every call against their jaxtyping annotations.

Phases of one checked function: at decoration nothing but a stub (`decorator`); at the first call its hints are read
(`signature`, `hints`) and a wrapper is compiled (`compiler`); whenever that wrapper is not sure, the one interpreter of
annotations (`reference`) decides and writes the error (`errors`). Importing this package imports no array library.
"""

"""The playground: a federation of four in a browser, with its network in the reader's hands.

`driver` holds the platforms and what is on its way between them, made of `pieces`; `cast` names who
takes part, `words` puts it into words, `telling` tells the page how all is, `page` is what the page
calls, and `trace` reads a counterexample. These run in WebAssembly.
`serving` gives a browser the page, `bundle` the Python that the page runs; they run on the machine.
"""

"""What circuits and models cost on this machine, and what larger ones would: ``neuromodels bench``.

Every measurement is a process of its own (`worker`), an ordinary run without its analyses; all are
taken in turns (`measuring`), and the best of the turns counts, because what else runs on a machine
only ever adds time.  `cases` says what is measured, `networks` makes a network around a single
model, `results` is the table, `projection` what follows from it for larger networks, and `pages`
writes it down.
"""

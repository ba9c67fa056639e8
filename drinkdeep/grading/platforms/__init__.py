"""Learning platforms: what a class hands in there, and grades and feedback on their way back.

names      what Moodle and Canvas call a file in their archives
roster     their lists of people, and who of them is which student of the gradebook
unpack     archives, which students make, within bounds
collect    ``drinkdeep collect``: an archive becomes ``submitted/``
feedback   ``drinkdeep feedback``: the pages as one archive that the platform takes in
"""

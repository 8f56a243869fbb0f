"""Reads what `embed` wrote as CSV, NPY (with its windows) and Parquet, by csv, numpy and pyarrow, and compares all of it."""
import csv
import sys

import numpy
import pyarrow.parquet

lines, array, table = sys.argv[1:]
rows = list(csv.DictReader(open(lines, newline="")))
columns = pyarrow.parquet.read_table(table).to_pydict()
values = numpy.load(array)
windows = list(csv.DictReader(open(array.replace(".npy", ".windows.csv"), newline="")))
assert set(columns) == set(rows[0]), (list(columns), list(rows[0]))
assert all(len(column) == len(rows) for column in columns.values()) and len(windows) == len(rows) == len(values)
for at, row in enumerate(rows):
    for name, text in row.items():
        value = columns[name][at]
        if name == "file":
            assert value == text == windows[at][name]
        elif name[0] == "e" and name[1:].isdigit():
            there = numpy.float32(text)
            assert numpy.float32(value) == there == values[at, int(name[1:])], (at, name)
        else:
            # Seconds are rounded to a millionth in text.
            assert abs(value - float(text)) < 1e-6 and windows[at][name] == text, (at, name)
print(f"{len(rows)} rows, {len(columns)} columns, {values.shape[1]} numbers, all the same")

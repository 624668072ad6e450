"""Fund exchange files of JR/T 0017 (GB/T 39595): data files and their index, bytes to values and back.

The header's field list decides the record layout; widths come from the dictionary. Every defect is one BadInput with file, line, field
and expected width. Pure: streams are handed in.
"""

from tapwealth.wire.ofd.blocks import Block, Numbers, Table
from tapwealth.wire.ofd.data_file import DataFile, DataWriter, read_data_file, write_data_file, write_records
from tapwealth.wire.ofd.dictionary import Field, Kind, fields_of, file_types
from tapwealth.wire.ofd.header import VERSIONS, Header
from tapwealth.wire.ofd.index_file import Index, read_index, write_index
from tapwealth.wire.ofd.layout import Layout, Record, Value
from tapwealth.wire.ofd.names import DataFileName, IndexName, parse_data_file_name, parse_index_name
from tapwealth.wire.ofd.values import read_date, read_time, write_date, write_time

__all__ = [
    "VERSIONS", "Block",
    "DataFile", "DataFileName", "DataWriter", "Field", "Header", "Index", "IndexName", "Kind", "Layout", "Numbers", "Record", "Table",
    "Value",
    "fields_of", "file_types", "parse_data_file_name", "parse_index_name", "read_data_file", "read_date", "read_index", "read_time",
    "write_data_file", "write_date", "write_index", "write_records", "write_time",
]  # fmt: skip

"""Tables for spreadsheets."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from fastapi import Response

from convene.storage import content_disposition

# A spreadsheet takes a cell that begins like this for a formula, and people choose their names (OWASP, CSV Injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
BOM = "\ufeff"  # without it Excel reads UTF-8 as the machine's old code page; every CSV reader knows it


def table(columns: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """As RFC 4180 writes it (CRLF, quotes where needed), in UTF-8 that spreadsheets recognise."""
    out = io.StringIO(newline="")
    made = csv.writer(out)
    made.writerow(columns)
    made.writerows(lines)
    return BOM + out.getvalue()


def csv_file(name: str, content: str) -> Response:
    """The file as it is downloaded under this name."""
    return Response(content, 200, {"Content-Disposition": content_disposition(name)}, "text/csv; charset=utf-8")


def moment(at: datetime) -> str:
    """A time as a cell."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def harmless(cell: str) -> str:
    """What somebody typed as a cell: text, whatever it begins with."""
    return f"'{cell}" if cell.lstrip().startswith(FORMULA) else cell

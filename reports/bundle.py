"""How are the cards of a whole village printed as one file, a household a page?

Each card is a paper of its own; a bundle puts their pages behind each other, with one footer, one
attachment that holds the data of every card, and one line each in the workbook.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from hashlib import sha256

import rfc8785

from reports import html, pdf
from reports.paper import Column, FooterFacts, Json, Paper, Row, Table, UnfitPaper

_BODY = re.compile(r'<body class="([^"]*)"(?: style="([^"]*)")?>\n(.*)</body>', re.DOTALL)


@dataclass(frozen=True)
class Bundle:
    """Papers of one kind with one footer, in order; ``title`` and ``parameters`` are the whole's."""

    name: str
    title: str
    papers: Sequence[Paper]
    parameters: dict[str, str]
    footer: FooterFacts

    def __post_init__(self) -> None:
        """Raises UnfitPaper where there is nothing or a paper with a footer of its own."""
        if not self.papers:
            raise UnfitPaper(f"《{self.title}》没有一页可印。")
        if any(paper.footer != self.footer for paper in self.papers):
            raise UnfitPaper(f"《{self.title}》各页的页脚不一致。")

    @property
    def audience(self) -> str:
        """For whom the papers are."""
        return self.papers[0].audience

    def with_footer(self, footer: FooterFacts) -> "Bundle":
        """The same papers under another footer."""
        papers = [replace(paper, footer=footer) for paper in self.papers]
        return replace(self, papers=papers, footer=footer)

    def data(self) -> dict[str, Json]:
        """The data of every paper; the same for the same day and log position."""
        return {
            "v": 1,
            "name": self.name,
            "title": self.title,
            "audience": self.audience,
            "parameters": dict(self.parameters),
            "as_of": self.footer.as_of.isoformat(),
            "log_position": self.footer.log_position,
            "papers": [paper.data() for paper in self.papers],
        }

    @cached_property
    def _canonical(self) -> bytes:
        return rfc8785.dumps(self.data())

    def data_bytes(self) -> bytes:
        """RFC 8785 bytes of :meth:`data`.

        依据: RFC 8785 (JSON Canonicalization Scheme).
        """
        return self._canonical

    def data_sha256(self) -> str:
        """SHA-256 of the data bytes, 64 hex digits."""
        return sha256(self._canonical).hexdigest()

    def attachment(self) -> bytes:
        """RFC 8785 bytes of ``{data, data_sha256, footer}``."""
        digest = self.data_sha256().encode("ascii")
        footer = rfc8785.dumps(self.footer.data())
        return b'{"data":%b,"data_sha256":"%b","footer":%b}' % (self._canonical, digest, footer)

    def summary(self) -> Paper:
        """The list of the papers: heading and what is seen at first glance of each."""
        first = self.papers[0]
        rows: list[Row] = []
        for number, paper in enumerate(self.papers, start=1):
            row: Row = {"serial": number, "who": paper.subtitle or paper.title}
            rows.append({**row, **_glance(paper)})
        columns = [Column("serial", "序号", "serial"), Column("who", "名称")]
        columns += _columns(first)
        summed = [column.key for column in columns if column.kind == "fen"]
        totals = {
            key: sum(value for row in rows if isinstance(value := row.get(key), int))
            for key in summed
        }
        table = Table("", columns, rows, totals=totals)
        return Paper(
            name=self.name,
            title=self.title,
            footer=self.footer,
            organisation=first.organisation,
            parameters=self.parameters,
            tables=(table,),
            audience=first.audience,
        )


def _columns(paper: Paper) -> list[Column]:
    """What is seen at first glance, or where nothing is, the totals of the first table."""
    if paper.headline or not paper.tables:
        return [Column(fact.label, fact.label, fact.kind) for fact in paper.headline]
    table = paper.tables[0]
    return [replace(table.column(key), group=None) for key in table.totals]


def _glance(paper: Paper) -> Row:
    if paper.headline or not paper.tables:
        return {fact.label: fact.value for fact in paper.headline}
    return dict(paper.tables[0].totals)


def to_html(bundle: Bundle) -> str:
    """All papers as one page, each on a sheet of its own; the whole has one footer."""
    pages = [html.draw(paper) for paper in bundle.papers]
    sections = []
    for number, page in enumerate(pages):
        found = _BODY.search(page)
        assert found is not None, "the template has one body"
        turn = "break-before: page" if number else ""
        style = "; ".join(each for each in (found[2], turn) if each)
        sections.append(f'<section class="{found[1]}" style="{style}">\n{found[3]}</section>')
    first = pages[0]
    head = first[: first.index("<body")]
    return f"{head}<body>\n{''.join(sections)}</body>\n</html>\n"


def to_pdf(bundle: Bundle) -> bytes:
    """All papers as one PDF, page x of y over the whole.

    Raises:
        MissingTool: A library or a font is missing.
    """
    pdf.check_tools()
    from weasyprint import Attachment  # type: ignore[import-untyped]

    document = pdf.lay_out(to_html(bundle))
    made = datetime.fromisoformat(html.moment(bundle.papers[0]))
    data = Attachment(
        string=bundle.attachment(),
        name=pdf.DATA_NAME,
        description="报表数据",
        created=made,
        modified=made,
        relationship="Data",
    )
    return pdf.write(document, [data])

"""``fupin import … --propose``, ``import proposals``, ``import approve``: two persons, one file."""

from pathlib import Path
from typing import TYPE_CHECKING

from ledger.commands.examination import (
    examine,
    handler_of,
    print_outcome,
    refuse_problems,
    warn,
)

if TYPE_CHECKING:
    from assets.commands.edge import Edge
    from assets.intake import Batch, Handler
    from assets.intake.proposals import Difference

SHOWN = 200
"""How many differing rows are printed; the summary counts all. 依据: 内部约定 (readable on screen)."""


def propose_file(
    edge: "Edge",
    handler: "Handler",
    batch: "Batch",
    file: Path,
    *,
    sheet: str,
    mapping: Path | None,
) -> None:
    """Keep a checked file as a proposal and print what it would change."""
    from assets.intake.proposals import differences, propose, summary_of

    with edge.writing("import propose") as (session, act):
        found = differences(session, handler, batch)
        summary = summary_of(batch, found)
        propose(
            session,
            act,
            batch,
            file.read_bytes(),
            sheet=sheet,
            mapping=mapping.read_bytes() if mapping is not None else None,
            summary=summary,
        )
    print_differences(edge, found)
    edge.note(
        f"已提交导入{file.name}：{summary}。未写入；请另一人批准："
        f"fupin import approve {batch.file_sha256[:12]}"
    )


def print_differences(edge: "Edge", found: "list[Difference]") -> None:
    """The rows that would be new or different."""
    edge.print_table(
        ("工作表", "行", "编号", "变化", "栏目"),
        [
            (
                each.sheet,
                each.row,
                each.key,
                "新增" if each.new else "变更",
                "" if each.new else "、".join(each.fields),
            )
            for each in found[:SHOWN]
        ],
    )
    if len(found) > SHOWN:
        edge.note(f"只列出前{SHOWN}行，共{len(found)}行有变化。")


def list_proposals(edge: "Edge") -> None:
    """Print every proposed import and who approved it."""
    from assets.intake.proposals import proposals

    with edge.reading() as session:
        rows = proposals(session)
    edge.print_table(
        ("文件摘要", "文件", "种类", "提交人", "提交日期", "内容", "批准人"),
        [
            (
                row.file_sha256[:12],
                row.file_title,
                row.kind,
                row.proposed_by,
                row.proposed_on,
                row.summary,
                row.approved_by or "待批准",
            )
            for row in rows
        ],
    )


def approve_file(edge: "Edge", digest: str) -> None:
    """Read, check and write a proposed file, approved by the act's person."""
    from tempfile import TemporaryDirectory

    from assets.intake.proposals import (
        approve,
        contents,
        differences,
        proposal_by_digest,
        summary_of,
    )

    with TemporaryDirectory() as folder, edge.writing("import approve") as (session, act):
        proposal = proposal_by_digest(session, digest)
        approve(session, act, proposal)
        content, rules = contents(session, proposal)
        file, mapping = Path(folder) / Path(proposal.file_title).name, None
        file.write_bytes(content)
        if rules is not None:
            mapping = Path(folder) / "mapping.toml"
            mapping.write_bytes(rules)
        handler = handler_of(proposal.kind)
        parsed, batch, problems = examine(session, handler, file, proposal.sheet, mapping, edge.on)
        refuse_problems(edge, parsed, problems)
        edge.note(
            f"{proposal.file_title}：{summary_of(batch, differences(session, handler, batch))}。"
        )
        outcome = handler.apply(session, act, batch)
    warn(edge, parsed)
    print_outcome(edge, proposal.kind, outcome, parsed)

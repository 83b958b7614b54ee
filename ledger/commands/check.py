"""``fupin check``: every promise checked from disk."""

import typer


def check(ctx: typer.Context) -> None:
    """全面自查：借贷、份额、分配、支付、状态、留痕逐项核对，列出全部问题。示例：fupin check."""
    from ledger.checks import run_all

    edge = ctx.obj
    with edge.reading(guarded=False) as session:
        result = run_all(session)
    if edge.as_json:
        edge.print_json(
            {
                "ran": result.ran,
                "faults": [vars(fault) for fault in result.faults],
                "warnings": [vars(fault) for fault in result.warnings],
            }
        )
    else:
        for fault in result.faults:
            print(f"问题：{fault.message}。")
        for warning in result.warnings:
            edge.note(f"提醒：{warning.message}")
        state = "全部通过" if not result.faults else f"发现{len(result.faults)}处问题"
        print(f"自查{result.ran}项：{state}。")
    if result.faults:
        raise typer.Exit(1)

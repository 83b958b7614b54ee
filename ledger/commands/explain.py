"""``fupin explain``: a household's money from the plant's kWh to the fen."""

import typer


def explain(
    ctx: typer.Context,
    household: str = typer.Argument(..., metavar="户编号", help="户编号"),
    year: int = typer.Option(..., "--year", help="收益所属年度"),
) -> None:
    """说明一户的钱从哪来、怎么算、到没到账。示例：fupin explain 8572026041 --year 2019."""
    from assets.money import format_yuan
    from ledger.explain import explain as verb

    edge = ctx.obj
    with edge.reading() as session:
        told = verb(session, household, year)
    if edge.as_json:
        edge.print_json(
            {
                "household": told.household_code,
                "year": told.year,
                "total_fen": told.total_fen,
                "paid_fen": told.paid_fen,
                "plans": list(told.plans),
                "money": [vars(each) for each in told.money],
                "sentences": [vars(each) for each in told.sentences],
            }
        )
        return
    print(told.headline().text)
    for title, sentences in (("钱从哪来：", told.origin), ("怎么算：", told.reckoning)):
        print(title)
        for each in sentences:
            source = f"（依据：{each.source}）" if each.source else ""
            print(f"  {each.text}{source}")
    total = sum(each.amount_fen for each in told.money)
    shown = "+".join(format_yuan(each.amount_fen) for each in told.money) or "0.00"
    print(f"核对：{shown} = {format_yuan(total)} 元")

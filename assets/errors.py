"""The tree of refusals: every error a user can meet derives from ``FupinError``.

FupinError                          never raised itself; ``str(error)`` is a Chinese sentence
├── InvalidValue (also ValueError)  a text is not the thing it should be
│   ├── InvalidAmount  InvalidDivisionCode  InvalidUscc
│   └── InvalidIdNumber  InvalidBankCard   (raised by ``ledger``; the message shows the mask only)
├── Refused                         a rule of the trade or a guard says no
│   ├── NotFound                    nothing is registered under that code
│   ├── AlreadyDone                 the same act was recorded before; nothing grows
│   ├── KeyConflict                 the same key was used for something else
│   ├── WrongState                  the object is not in the state this step starts from
│   └── SeparationOfDuties          the same person stands on both sides
├── ImportRejected                  carries all problems; nothing was written
└── Environment problems            UnsafeDatabase, MissingTool: what to install or set
"""

from dataclasses import dataclass


class FupinError(Exception):
    """Root of all refusals; the text is a Chinese sentence saying what, where and what to do."""


class InvalidValue(FupinError, ValueError):
    """A text is not the thing it should be (值无效)."""


class InvalidAmount(InvalidValue):
    """Not an amount of money (金额无效)."""


class InvalidDivisionCode(InvalidValue):
    """Not a division code (区划代码无效)."""


class InvalidUscc(InvalidValue):
    """Not a unified social credit code (统一社会信用代码无效)."""


class InvalidIdNumber(InvalidValue):
    """Not a resident ID or disability card number (证件号码无效); shows the mask only."""


class InvalidBankCard(InvalidValue):
    """Not a bank card number (银行卡号无效); shows the mask only."""


class Refused(FupinError):
    """A rule or a guard says no (不予办理)."""


class NotFound(Refused):
    """Nothing is registered under that code (查无此项)."""

    def __init__(self, what: str, code: str) -> None:
        super().__init__(f"查无{what}“{code}”。请核对编号，或先登记后再办理。")
        self.code = code


class AlreadyDone(Refused):
    """The same act was recorded before (已办理): the caller prints it and exits 0."""

    def __init__(self, what: str, entry_id: int) -> None:
        super().__init__(f"已办理：{what}（记录第{entry_id}号），本次未重复写入。")
        self.entry_id = entry_id


class KeyConflict(Refused):
    """The same idempotency key came with other content (办理键冲突)."""

    def __init__(self, key: str, entry_id: int) -> None:
        super().__init__(
            f"办理键“{key}”已用于另一项内容（记录第{entry_id}号）。请换一个键，或核对输入文件是否被改动。"
        )


class WrongState(Refused):
    """The object is not in the state from which this step starts (状态不符)."""

    def __init__(self, what: str, state: str, step: str, remedy: str = "") -> None:
        super().__init__(f"{what}目前状态为“{state}”，不能办理“{step}”。{remedy}")


class SeparationOfDuties(Refused):
    """The same person stands on both sides of a control (岗位不相容)."""


@dataclass(frozen=True)
class RowProblem:
    """One refused cell of a workbook: a value, not an exception.

    ``name`` is kebab-case and stable; ``cell`` is like ``C17``; ``text`` is already masked.
    """

    name: str
    sheet: str
    cell: str
    text: str
    message: str
    remedy: str

    def as_json(self) -> dict[str, str]:
        """Keys as fixed for ``import --json``."""
        return {
            "name": self.name,
            "sheet": self.sheet,
            "cell": self.cell,
            "text": self.text,
            "message": self.message,
            "remedy": self.remedy,
        }


class ImportRejected(FupinError):
    """A workbook has problems; all of them are listed and nothing was written (导入未通过)."""

    def __init__(self, problems: list[RowProblem]) -> None:
        super().__init__(
            f"导入未通过：共{len(problems)}处问题，未写入任何数据。请按提示修改后重新导入。"
        )
        self.problems = problems


class UnsafeDatabase(FupinError):
    """The database runs with settings under which the books could be damaged (数据库设置不安全)."""


class MissingTool(FupinError):
    """A program, library or font of the machine is missing (缺少运行环境)."""

"""A file or the database failed: what is said to the clerk?"""

_DATABASE_WORDS = (
    ("file is not a database", "文件不是账本。请核对 --database 的地址"),
    ("file is encrypted", "文件不是账本。请核对 --database 的地址"),
    ("unable to open database file", "打不开账本文件。请核对 --database 的路径和权限"),
    ("database is locked", "账本正被别人使用。请稍后再试"),
    ("readonly database", "账本文件不能写。请核对文件权限"),
    ("connection", "连不上数据库。请核对 --database 的地址，或请管理员查看数据库是否运行"),
    ("disk is full", "磁盘已满。请腾出空间再试"),
    ("malformed", "账本文件已损坏。请从备份恢复（fupin db restore）"),
)
_FILE_WORDS = {
    "FileNotFoundError": "找不到文件或文件夹",
    "PermissionError": "没有权限读写",
    "IsADirectoryError": "要的是文件，给的是文件夹",
    "NotADirectoryError": "要的是文件夹，给的是文件",
    "FileExistsError": "已有同名的文件或文件夹",
}


def fault_outside(fault: Exception) -> str:
    """What is wrong with a file or a database, in Chinese; empty for a fault of the program."""
    if isinstance(fault, OSError):
        what = _FILE_WORDS.get(type(fault).__name__, f"文件不能读写（{fault.strerror}）")
        return f"{what}：{fault.filename or ''}。请核对路径和权限。"
    if not {"DBAPIError", "DatabaseError"} & {each.__name__ for each in type(fault).__mro__}:
        return ""
    cause = str(getattr(fault, "orig", fault)).strip()
    for english, chinese in _DATABASE_WORDS:
        if english in cause:
            return f"{chinese}。"
    return f"数据库没有接受，未写入任何数据：{cause.splitlines()[0] if cause else ''}。"

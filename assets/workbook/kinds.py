"""Which workbooks exist, which columns has each, and what is the field behind every header?

One declarative specification per KIND of ``fupin import``, ``export`` and ``template``. A field
name carries its unit last; the value behind it is already exact:

====================  =====================================================================
``…_fen``             int, whole fen (amounts are written in 元, or 万元 where the unit says so)
``…_w``               int, watt (written in 千瓦)
``…_microyuan``       int, millionths of a yuan (tariffs, written in 元/千瓦时)
``…_ppm``             int, parts per million (written in %: 6.5 % is 65,000)
``…_milli``           int, thousandths of the unit named beside it
``…_kwh`` ``…_count``  int
``…_on``              ``datetime.date``
``…_month``           ``datetime.date``, the first day of that month (written 2019-03)
``…_code`` ``…_no``   str, opaque, NFKC, without spaces
``…_name`` and rest   str, NFC, trimmed; enumerations keep the Chinese word; 是/否 become bool
====================  =====================================================================

``town_name`` and ``village_name`` come with ``town_code`` and ``village_code`` beside them once a
look-up of divisions was given to the reader.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType


class ColumnType(Enum):
    """How the cells of a column are read; the name is what problems are sorted by."""

    TEXT = "文字"
    NAME = "姓名"
    CODE = "编号"
    DOCUMENT = "文号"
    DIVISION = "区划代码"
    USCC = "统一社会信用代码"
    YUAN = "金额"
    INT = "整数"
    DEC = "小数"
    YEAR = "年度"
    DATE = "日期"
    MONTH = "月份"
    ID = "证件号码"
    CARD = "银行卡号"
    PHONE = "电话"
    BOOL = "是否"
    ENUM = "选项"
    TOWN = "镇"
    VILLAGE = "村"


DIGIT_TYPES = frozenset(
    {
        ColumnType.CODE,
        ColumnType.DIVISION,
        ColumnType.USCC,
        ColumnType.ID,
        ColumnType.CARD,
        ColumnType.PHONE,
    }
)
"""Columns whose digits are a name, not a number: a numeric cell there was damaged by Excel."""

PERSONAL_TYPES = frozenset({ColumnType.NAME, ColumnType.ID, ColumnType.CARD, ColumnType.PHONE})
"""Columns whose text is never shown unmasked."""


_NUMBERS = frozenset({ColumnType.YUAN, ColumnType.INT, ColumnType.DEC})
_NOT_SUMMED = (
    "_ppm",
    "_microyuan",
    "_years",
    "_numerator",
    "_denominator",
    "_no",
    "_round",
    "_days",
    "balance_fen",
)


@dataclass(frozen=True)
class ColumnSpec:
    """One column of a workbook.

    ``decimals``: a DEC value is stored as the integer ``value × 10**decimals``. ``signed``:
    negative values are allowed. ``positive``: zero is refused too. ``group``: the merged header
    over several columns in the printed form. ``example``: a valid cell for the template.
    """

    header: str
    field: str
    type: ColumnType
    required: bool = False
    choices: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()
    decimals: int = 0
    signed: bool = False
    positive: bool = False
    group: str = ""
    note: str = ""
    example: str = ""

    @property
    def summed(self) -> bool:
        """A total row below this column means something."""
        return self.type in _NUMBERS and not self.field.endswith(_NOT_SUMMED)


@dataclass(frozen=True)
class Kind:
    """One sort of workbook.

    ``keys``: every tuple of fields must be unique within a file (rows where one is blank in all
    its fields do not count); the first is the key proper. ``group_fields``: the fields which name
    the object that takes several rows; ``repeated``: the fields that may differ between the rows
    of one object, all others must agree. ``implied``: (header, field, value): where a column is
    headed like this, the field without a column of its own has that value in every row.
    """

    name: str
    title: str
    columns: tuple[ColumnSpec, ...]
    keys: tuple[tuple[str, ...], ...]
    group_fields: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    personal: bool = False
    implied: tuple[tuple[str, str, str], ...] = ()
    by_field: Mapping[str, ColumnSpec] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "by_field", MappingProxyType({column.field: column for column in self.columns})
        )

    @property
    def required(self) -> tuple[ColumnSpec, ...]:
        """The columns without which the workbook says nothing."""
        return tuple(column for column in self.columns if column.required)


T = ColumnType


def _column(
    header: str,
    name: str,
    kind: ColumnType = ColumnType.TEXT,
    example: str = "",
    *,
    choices: str = "",
    synonyms: str = "",
    decimals: int = 0,
    signed: bool = False,
    positive: bool = False,
    group: str = "",
    note: str = "",
) -> ColumnSpec:
    """One column; ``*`` at the end of the header marks it required, lists are comma-separated."""
    return ColumnSpec(
        header=header.removesuffix("*"),
        field=name,
        type=kind,
        required=header.endswith("*"),
        choices=tuple(choices.split(",")) if choices else (),
        synonyms=tuple(synonyms.split(",")) if synonyms else (),
        decimals=decimals,
        signed=signed,
        positive=positive,
        group=group,
        note=note,
        example=example,
    )


STREAMS = "标杆电费,财政补贴,租金,分红,保底收益,利息,其他"
_TOWN_SYNONYMS = "乡(镇),乡镇,乡,镇名称,镇(街),所属镇,乡镇名称,镇街"
_VILLAGE_SYNONYMS = "行政村,村名,村名称,村(社区),村委会,所属村"


def _town(example: str = "龙归镇", *, required: bool = True) -> ColumnSpec:
    return _column(
        "镇*" if required else "镇", "town_name", T.TOWN, example, synonyms=_TOWN_SYNONYMS
    )


def _village(example: str = "龙归村", *, required: bool = False) -> ColumnSpec:
    return _column(
        "村*" if required else "村",
        "village_name",
        T.VILLAGE,
        example,
        synonyms=_VILLAGE_SYNONYMS,
        note="一格只填一个村；村民委员会可省写",
    )


def _asset_code() -> ColumnSpec:
    return _column(
        "资产编号*", "asset_code", T.CODE, "440203102204-2017-J-0001", synonyms="资产代码"
    )


DIVISIONS = Kind(
    "divisions",
    "行政区划代码表",
    (
        _column(
            "区划代码*", "division_code", T.DIVISION, "440203102204", synonyms="代码,统计用区划代码"
        ),
        _column("名称*", "name", T.TEXT, "龙归村村民委员会", synonyms="区划名称,单位名称"),
        _column("级别*", "level", T.ENUM, "村", choices="区,镇,村"),
        _column("上级代码", "parent_code", T.DIVISION, "440203102000", synonyms="上级区划代码"),
        _column("起用日期*", "starts_on", T.DATE, "2016-01-01", synonyms="启用日期"),
        _column("停用日期", "ends_on", T.DATE, ""),
        _column("来源", "source", T.TEXT, "国家统计局统计用区划代码"),
    ),
    keys=(("division_code", "starts_on"),),
)

PARTIES = Kind(
    "parties",
    "单位和主体登记表",
    (
        _column("主体编码*", "party_code", T.CODE, "V440203102204", synonyms="主体代码,单位编码"),
        _column("名称*", "name", T.TEXT, "龙归村经济联合社", synonyms="主体名称,单位名称"),
        _column(
            "类型*",
            "party_type",
            T.ENUM,
            "村集体经济组织",
            choices="村集体经济组织,村民委员会,镇人民政府,镇资金池,区资金池,结转机构,区级单位,"
            "行业主管部门,企业,农户,电网公司,财政部门",
            synonyms="主体类型",
        ),
        _column("统一社会信用代码", "uscc", T.USCC, "", synonyms="信用代码,社会信用代码"),
        _column("无代码原因", "no_uscc_reason", T.TEXT, "尚未赋码"),
        _town(required=False),
        _village(),
        _column(
            "代行主体",
            "acts_for_code",
            T.CODE,
            "",
            synonyms="代行主体(此村委会代行的集体编码),代行集体编码",
            note="村民委员会代行集体经济组织职能时，填被代行集体的主体编码",
        ),
        _column("账户名称", "account_name", T.TEXT, "龙归村经济联合社", synonyms="户名"),
        _column("开户银行", "bank_name", T.TEXT, "龙归信用社", synonyms="开户行"),
        _column("银行账号", "account_no", T.CARD, "", synonyms="账号,银行账户"),
        _column("启用日期*", "starts_on", T.DATE, "2019-01-01", synonyms="起用日期"),
    ),
    keys=(("party_code",),),
)

ACTORS = Kind(
    "actors",
    "经办人员登记表",
    (
        _column("人员编号*", "actor_code", T.CODE, "R0001", synonyms="人员代码"),
        _column("姓名*", "name", T.NAME, "张三"),
        _column(
            "角色*",
            "role",
            T.ENUM,
            "村报账员",
            choices="村报账员,村两委,村务监督委员会,镇财政所,镇农业农村办,结转机构,区农业农村局,"
            "区财政局,行业主管部门,审计",
            synonyms="岗位角色",
        ),
        _town(required=False),
        _village(),
        _column("单位编码", "party_code", T.CODE, "V440203102204", synonyms="主体编码"),
        _column("任职日期*", "appointed_on", T.DATE, "2019-01-01", synonyms="任职时间"),
        _column("离任日期", "left_on", T.DATE, "", synonyms="离任时间"),
    ),
    keys=(("actor_code", "role", "town_name", "village_name", "party_code", "appointed_on"),),
    group_fields=("actor_code",),
    repeated=("role", "town_name", "village_name", "party_code", "appointed_on", "left_on"),
)

FUNDS = Kind(
    "funds",
    "扶贫资金文件登记表",
    (
        _column(
            "文号*",
            "document_number",
            T.DOCUMENT,
            "粤财农〔2016〕166号",
            synonyms="资金文号,文件号",
        ),
        _column(
            "标题*",
            "title",
            T.TEXT,
            "关于下达2016年扶贫开发资金的通知",
            synonyms="文件标题,文件名称",
        ),
        _column(
            "级次*", "level", T.ENUM, "省", choices="中央,省,市,区,镇,其他", synonyms="资金级次"
        ),
        _column(
            "资金类型*",
            "fund_type",
            T.ENUM,
            "省级专项",
            choices="中央专项,省级专项,市级资金,区级资金,对口帮扶,定点帮扶,社会捐赠,行业资金,自筹,"
            "衔接资金,常态化帮扶",
            synonyms="资金性质",
        ),
        _column("年度*", "year", T.YEAR, "2016", synonyms="资金年度"),
        _column(
            "下达金额(元)*",
            "issued_fen",
            T.YUAN,
            "500000.00",
            synonyms="下达金额,下达资金,资金金额,补助金额,金额,资金规模",
            positive=True,
        ),
        _column("到位金额(元)*", "received_fen", T.YUAN, "500000.00", synonyms="到位金额,到位资金"),
        _column("到位日期*", "received_on", T.DATE, "2016-09-20", synonyms="到位时间"),
        _column("下达日期*", "issued_on", T.DATE, "2016-08-15", synonyms="下达时间,发文日期"),
        _column("下达单位*", "issuer_name", T.TEXT, "广东省财政厅", synonyms="发文单位,发文机关"),
    ),
    keys=(("document_number",),),
)

PROJECTS = Kind(
    "projects",
    "扶贫项目登记表",
    (
        _column("项目编号*", "project_code", T.CODE, "XM-2016-001", synonyms="项目代码,项目库编号"),
        _column("项目名称*", "name", T.TEXT, "龙归村光伏电站", synonyms="建设项目"),
        _column("项目年度*", "year", T.YEAR, "2016"),
        _town(),
        _village(),
        _column(
            "实施单位*",
            "implementer_name",
            T.TEXT,
            "龙归镇人民政府",
            synonyms="责任单位,项目实施单位",
        ),
        _column("入库日期", "listed_on", T.DATE, "2016-03-01", synonyms="入库时间"),
        _column("批复日期", "approved_on", T.DATE, "2016-09-30", synonyms="批复时间"),
        _column("批复文号", "approval_number", T.DOCUMENT, "武扶〔2016〕12号"),
        _column("开工日期", "started_on", T.DATE, "2016-11-01", synonyms="开工时间"),
        _column("竣工日期", "completed_on", T.DATE, "2017-04-30", synonyms="竣工时间"),
        _column("验收日期", "accepted_on", T.DATE, "2017-06-10", synonyms="验收时间"),
        _column(
            "结算审计金额(元)", "final_account_fen", T.YUAN, "495000.00", synonyms="结算审计金额"
        ),
        _column(
            "资金文号*",
            "document_number",
            T.DOCUMENT,
            "粤财农〔2016〕166号",
            group="资金安排和支付",
            synonyms="资金文件文号",
        ),
        _column(
            "安排金额(元)*",
            "allocated_fen",
            T.YUAN,
            "500000.00",
            group="资金安排和支付",
            synonyms="安排金额,安排资金,资金金额,补助金额,金额,资金规模,投资金额,项目资金,补助资金",
        ),
        _column(
            "支付日期*",
            "paid_on",
            T.DATE,
            "2017-06-25",
            group="资金安排和支付",
            synonyms="支付时间",
        ),
        _column(
            "支付金额(元)*",
            "paid_fen",
            T.YUAN,
            "495000.00",
            group="资金安排和支付",
            synonyms="支付金额",
        ),
        _column("支付凭证号*", "payment_voucher_no", T.TEXT, "记-017", group="资金安排和支付"),
    ),
    keys=(("project_code", "document_number", "paid_on", "payment_voucher_no"),),
    group_fields=("project_code",),
    repeated=("document_number", "allocated_fen", "paid_on", "paid_fen", "payment_voucher_no"),
)

ASSETS = Kind(
    "assets",
    "扶贫项目资产登记表",
    (
        _asset_code(),
        _column("资产名称*", "name", T.TEXT, "龙归村光伏电站"),
        _column("项目编号*", "project_code", T.CODE, "XM-2016-001", synonyms="所属项目编号"),
        _column("资产类别*", "asset_class", T.ENUM, "经营性", choices="经营性,公益性,到户类"),
        _column(
            "资产形态*",
            "asset_form",
            T.ENUM,
            "固定资产",
            choices="固定资产,生物资产,权益性资产,无形资产,流动资产",
        ),
        _column("资产子类*", "subtype", T.TEXT, "光伏电站"),
        _town(),
        _village(),
        _column("坐落地点*", "place", T.TEXT, "龙归村委会屋顶", synonyms="建设地点,坐落"),
        _column("规格型号", "specification", T.TEXT, "60千瓦", synonyms="规格"),
        _column("数量*", "quantity_milli", T.DEC, "1", decimals=3, positive=True),
        _column("计量单位*", "quantity_unit", T.TEXT, "座", synonyms="单位"),
        _column(
            "购建日期*", "built_on", T.DATE, "2017-06-10", synonyms="购建时间,建成日期,建成时间"
        ),
        _column("投入使用日期", "in_use_on", T.DATE, "2017-06-30", synonyms="投入使用时间"),
        _column("使用年限", "useful_years", T.INT, "25", positive=True, synonyms="预计使用年限"),
        _column(
            "原值(元)*",
            "original_value_fen",
            T.YUAN,
            "495000.00",
            positive=True,
            synonyms="原值,资产原值,资产原值(元)",
        ),
        _column(
            "装机容量(千瓦)",
            "capacity_w",
            T.DEC,
            "60",
            decimals=3,
            positive=True,
            synonyms="装机容量",
            group="光伏电站",
        ),
        _column("电站国家编码", "national_plant_code", T.CODE, "", group="光伏电站"),
        _column("是否列入目录", "in_national_catalogue", T.BOOL, "否", group="光伏电站"),
        _column(
            "标杆电价(元/千瓦时)",
            "benchmark_tariff_microyuan",
            T.DEC,
            "0.453",
            decimals=6,
            synonyms="标杆电价",
            group="光伏电站",
        ),
        _column(
            "补贴电价(元/千瓦时)",
            "subsidy_tariff_microyuan",
            T.DEC,
            "0.42",
            decimals=6,
            synonyms="补贴电价",
            group="光伏电站",
        ),
        _column(
            "资金文号*", "document_number", T.DOCUMENT, "粤财农〔2016〕166号", group="资金来源"
        ),
        _column("出资主体编码", "contributor_code", T.CODE, "V440203102204", group="资金来源"),
        _column(
            "资金金额(元)*",
            "contributed_fen",
            T.YUAN,
            "495000.00",
            synonyms="资金金额",
            group="资金来源",
        ),
        _column(
            "状况*",
            "condition",
            T.ENUM,
            "正常",
            choices="正常,闲置,损毁,维修",
            synonyms="资产状况,状态",
        ),
        _column("到户户编号", "household_code", T.CODE, ""),
        _column("缺失资料", "missing_papers", T.TEXT, ""),
        _column("缺失原因", "missing_reason", T.TEXT, ""),
        _column("担保人", "vouched_by", T.NAME, "", synonyms="证明人"),
    ),
    keys=(("asset_code", "document_number", "contributor_code"),),
    group_fields=("asset_code",),
    repeated=("document_number", "contributor_code", "contributed_fen"),
)

SHARES = Kind(
    "shares",
    "资产权利份额表",
    (
        _asset_code(),
        _column(
            "权利*",
            "right",
            T.ENUM,
            "所有权",
            choices="所有权,经营权,收益权,分配权,处置权,监督权",
            synonyms="权利类型",
        ),
        _column(
            "权利人编码",
            "holder_code",
            T.CODE,
            "V440203102204",
            synonyms="权利人代码,主体编码",
            note="权属未定的份额留空",
        ),
        _column("份额分子*", "share_numerator", T.INT, "1", positive=True, group="份额"),
        _column("份额分母*", "share_denominator", T.INT, "1", positive=True, group="份额"),
        _column("份额依据*", "share_basis", T.ENUM, "出资额", choices="装机容量,出资额,协议"),
        _column("起始日期*", "starts_on", T.DATE, "2019-01-01", synonyms="起始时间"),
        _column("依据文件*", "basis_document", T.TEXT, "武农确〔2019〕1号"),
    ),
    keys=(("asset_code", "right", "holder_code", "starts_on"),),
)

CONTRACTS = Kind(
    "contracts",
    "资产经营合同登记表",
    (
        _column("合同编号*", "contract_code", T.CODE, "HT-2018-003"),
        _asset_code(),
        _column(
            "合同类型*", "contract_type", T.ENUM, "租赁", choices="租赁,发包,入股,保底收益,托管"
        ),
        _column(
            "对方单位编码*", "counterparty_code", T.CODE, "Q0003", synonyms="对方编码,对方主体编码"
        ),
        _column("本金(元)", "principal_fen", T.YUAN, "100000.00", synonyms="本金"),
        _column(
            "年租金或年收益(元)",
            "yearly_due_fen",
            T.YUAN,
            "6000.00",
            synonyms="年租金或年收益,年租金(元),年租金,年收益(元),年收益",
        ),
        _column(
            "约定收益率(%)",
            "agreed_return_ppm",
            T.DEC,
            "6",
            decimals=4,
            synonyms="约定收益率,收益率(%)",
        ),
        _column("起始日期*", "starts_on", T.DATE, "2018-07-01", synonyms="起始时间,开始日期"),
        _column("终止日期*", "ends_on", T.DATE, "2023-06-30", synonyms="终止时间,结束日期"),
        _column("付款周期*", "payment_period", T.ENUM, "年", choices="年,半年,季,月"),
        _column("首次应收日期*", "first_due_on", T.DATE, "2019-06-30", synonyms="首次应收时间"),
    ),
    keys=(("contract_code",),),
)

HOUSEHOLDS = Kind(
    "households",
    "脱贫人口名单",
    (
        _column("县(市、区、旗)", "county_name", T.TEXT, "武江区", synonyms="县,区,区(县),县(区)"),
        _column("乡(镇)*", "town_name", T.TOWN, "龙归镇", synonyms="镇," + _TOWN_SYNONYMS),
        _column("行政村*", "village_name", T.VILLAGE, "龙归村", synonyms="村," + _VILLAGE_SYNONYMS),
        _column("自然村", "hamlet_name", T.TEXT, "上坪", synonyms="村民小组,组别"),
        _column("户编号*", "household_code", T.CODE, "4402031020401", synonyms="家庭编号,AC01"),
        _column("人编号*", "person_code", T.CODE, "440203102040101", synonyms="人口编号,户主编号"),
        _column("姓名*", "name", T.NAME, "李某", synonyms="户主姓名,人员姓名"),
        _column(
            "证件号码*",
            "id_number",
            T.ID,
            "440203195003059994",
            synonyms="身份证号,身份证号码,户主证件号码,公民身份号码,证件号",
        ),
        _column(
            "人数", "member_count", T.INT, "3", synonyms="家庭人口数,家庭人口,户人数", positive=True
        ),
        _column("与户主关系*", "relation_to_head", T.TEXT, "户主"),
        _column("民族", "ethnicity", T.TEXT, "汉族"),
        _column("健康状况", "health", T.TEXT, "健康"),
        _column(
            "劳动技能",
            "work_ability",
            T.ENUM,
            "普通劳动力",
            choices="普通劳动力,技能劳动力,弱劳动力或半劳动力,丧失劳动力,无劳动力",
            synonyms="劳动能力",
        ),
        _column("户类型*", "household_type", T.TEXT, "脱贫户", synonyms="农户类型,贫困户属性"),
        _column(
            "易返贫致贫户(监测对象)类型",
            "monitored_type",
            T.TEXT,
            "",
            synonyms="监测对象类别,监测对象类型",
        ),
        _column("风险是否消除", "risk_cleared", T.BOOL, "", synonyms="风险是否已消除"),
        _column("户联系电话", "household_phone", T.PHONE, "", synonyms="联系电话"),
        _column("人联系电话", "person_phone", T.PHONE, ""),
        _column(
            "首次识别时间", "household_identified_on", T.DATE, "2016-05-20", synonyms="识别时间"
        ),
        _column("人员识别时间", "person_identified_on", T.DATE, "2016-05-20"),
        _column(
            "开户银行名称", "bank_name", T.TEXT, "韶关农村商业银行", synonyms="开户银行,开户行"
        ),
        _column("银行卡号", "card_no", T.CARD, "", synonyms="一卡通账号,银行账号,卡号"),
    ),
    keys=(("person_code",), ("id_number",)),
    group_fields=("household_code",),
    repeated=(
        "person_code",
        "name",
        "id_number",
        "relation_to_head",
        "ethnicity",
        "health",
        "work_ability",
        "person_phone",
        "person_identified_on",
        "bank_name",
        "card_no",
    ),
    personal=True,
    implied=(("户主姓名", "relation_to_head", "户主"),),
)

RECEIPTS = Kind(
    "receipts",
    "收益收款登记表",
    (
        _column("收款编号*", "receipt_code", T.CODE, "SK-2019-0001"),
        _asset_code(),
        _column("收款主体编码*", "receiver_code", T.CODE, "V440203102204", synonyms="收款单位编码"),
        _column(
            "款项性质*",
            "nature",
            T.ENUM,
            "收入",
            choices="收入,利息,垫付,本金收回,处置收入,保险赔款,退款,财政收回",
        ),
        _column("收益流*", "stream", T.ENUM, "标杆电费", choices=STREAMS, synonyms="收益来源"),
        _column("所属年度*", "income_year", T.YEAR, "2019"),
        _column("所属期起*", "period_from_on", T.DATE, "2019-01-01"),
        _column("所属期止*", "period_to_on", T.DATE, "2019-03-31"),
        _column("电量(千瓦时)", "electricity_kwh", T.INT, "15000", synonyms="电量"),
        _column("应收金额(元)", "due_fen", T.YUAN, "6795.00", synonyms="应收金额", signed=True),
        _column(
            "到账金额(元)*",
            "received_fen",
            T.YUAN,
            "6795.00",
            synonyms="到账金额,实收金额",
            signed=True,
            note="只有退款、财政收回填负数",
        ),
        _column("到账日期*", "received_on", T.DATE, "2019-04-20", synonyms="到账时间"),
        _column("付款方编码", "payer_code", T.CODE, "J0001"),
        _column("银行流水号", "bank_serial_no", T.CODE, "LS20190420001"),
    ),
    keys=(("receipt_code",),),
)

DEDUCTIONS = Kind(
    "deductions",
    "收益扣除登记表",
    (
        _column("扣除编号*", "deduction_code", T.CODE, "KC-2019-0001"),
        _asset_code(),
        _column("所属年度*", "income_year", T.YEAR, "2019"),
        _column(
            "扣除项目*",
            "deduction_type",
            T.ENUM,
            "运维费",
            choices="运维费,保险费,场地费,土地租金,税费,其他",
        ),
        _column(
            "金额(元)*", "amount_fen", T.YUAN, "1800.00", synonyms="金额,扣除金额", positive=True
        ),
        _column("发生日期*", "incurred_on", T.DATE, "2019-06-30", synonyms="发生时间"),
        _column("承担主体编码*", "bearer_code", T.CODE, "V440203102204"),
        _column("凭证号*", "voucher_no", T.TEXT, "记-021"),
        _column("收款方", "payee_name", T.TEXT, "韶关运维有限公司"),
        _column(
            "收益流", "stream", T.ENUM, "标杆电费", choices="标杆电费,财政补贴,租金,分红,保底收益"
        ),
    ),
    keys=(("deduction_code",),),
)

ELECTRICITY_BILLS = Kind(
    "electricity-bills",
    "光伏电站电费结算表",
    (
        _asset_code(),
        _column("表号*", "meter_no", T.CODE, "DB000123", synonyms="电表号"),
        _column("结算月份*", "billing_month", T.MONTH, "2019-03", synonyms="结算月"),
        _column("上网电量(千瓦时)*", "exported_kwh", T.INT, "5000", synonyms="上网电量"),
        _column(
            "标杆电价(元/千瓦时)*",
            "benchmark_tariff_microyuan",
            T.DEC,
            "0.453",
            decimals=6,
            synonyms="标杆电价",
        ),
        _column("标杆电费(元)*", "benchmark_fen", T.YUAN, "2265.00", synonyms="标杆电费"),
        _column(
            "补贴电价(元/千瓦时)*",
            "subsidy_tariff_microyuan",
            T.DEC,
            "0.42",
            decimals=6,
            synonyms="补贴电价",
        ),
        _column("补贴金额(元)*", "subsidy_fen", T.YUAN, "2100.00", synonyms="补贴金额"),
    ),
    keys=(("asset_code", "meter_no", "billing_month"),),
)

ATTENDANCE = Kind(
    "attendance",
    "公益岗位考勤表",
    (
        _column("方案编号*", "plan_code", T.CODE, "FA-440203102204-2019"),
        _column("岗位编号*", "post_code", T.CODE, "GW-01"),
        _column("户编号*", "household_code", T.CODE, "4402031020401"),
        _column("人编号*", "person_code", T.CODE, "440203102040101", synonyms="人口编号"),
        _column("月份*", "work_month", T.MONTH, "2019-03"),
        _column("出勤天数*", "days_count", T.INT, "22", synonyms="出勤天数(天)"),
        _column("应发金额(元)*", "earned_fen", T.YUAN, "600.00", synonyms="应发金额"),
        _column("考勤人*", "recorded_by", T.NAME, "王某"),
    ),
    keys=(("plan_code", "post_code", "person_code", "work_month"),),
)

BANK_STATEMENT = Kind(
    "bank-statement",
    "银行对账单",
    (
        _column(
            "账户主体编码*", "account_party_code", T.CODE, "V440203102204", synonyms="主体编码"
        ),
        _column("日期*", "posted_on", T.DATE, "2019-04-20", synonyms="交易日期,记账日期"),
        _column("流水号*", "serial_no", T.CODE, "LS20190420001", synonyms="银行流水号,交易流水号"),
        _column("摘要", "summary", T.TEXT, "一季度标杆电费"),
        _column(
            "收入(元)",
            "income_fen",
            T.YUAN,
            "6795.00",
            synonyms="收入,贷方发生额,收入金额",
            signed=True,
        ),
        _column(
            "支出(元)", "expense_fen", T.YUAN, "", synonyms="支出,借方发生额,支出金额", signed=True
        ),
        _column(
            "余额(元)*", "balance_fen", T.YUAN, "6795.00", synonyms="余额,账户余额", signed=True
        ),
        _column("对方户名", "counterparty_name", T.TEXT, "武江区光伏结转专户", synonyms="对方名称"),
    ),
    keys=(("account_party_code", "serial_no"),),
)

OPENING = Kind(
    "opening",
    "期初余额确认表",
    (
        _column("主体编码*", "party_code", T.CODE, "V440203102204"),
        _column("启用日期*", "starts_on", T.DATE, "2019-01-01"),
        _column(
            "项目类型*", "item_type", T.ENUM, "银行", choices="科目余额,未分配收益,应收,应付,银行"
        ),
        _column("科目编码*", "account_code", T.TEXT, "102", synonyms="科目代码"),
        _column("资产编号", "asset_code", T.CODE, "", synonyms="资产代码"),
        _column("所属年度", "income_year", T.YEAR, ""),
        _column("收益流", "stream", T.ENUM, "", choices=STREAMS),
        _column("借方(元)", "debit_fen", T.YUAN, "12000.00", synonyms="借方,借方余额", signed=True),
        _column("贷方(元)", "credit_fen", T.YUAN, "", synonyms="贷方,贷方余额", signed=True),
        _column("首次到账日期", "first_received_on", T.DATE, "", synonyms="首次到账时间"),
        _column("对方", "counterparty_name", T.TEXT, ""),
        _column("说明", "note", T.TEXT, "银行对账单余额"),
    ),
    keys=(
        (
            "party_code",
            "item_type",
            "account_code",
            "asset_code",
            "income_year",
            "stream",
            "counterparty_name",
            "note",
        ),
    ),
)

HISTORY = Kind(
    "history",
    "历年收益汇总表",
    (
        _asset_code(),
        _column("主体编码*", "party_code", T.CODE, "V440203102204"),
        _column("年度*", "year", T.YEAR, "2018"),
        _column("记录方式*", "record_mode", T.ENUM, "年度汇总", choices="逐笔,年度汇总,无"),
        _column("收入(元)*", "income_fen", T.YUAN, "26000.00", synonyms="收入"),
        _column("扣除(元)*", "deducted_fen", T.YUAN, "1800.00", synonyms="扣除"),
        _column("已分配(元)*", "distributed_fen", T.YUAN, "20000.00", synonyms="已分配"),
        _column("发放方式", "payout_mode", T.ENUM, "一卡通", choices="一卡通,银行转账,现金"),
        _column("缺失资料", "missing_papers", T.TEXT, "2018年发放签字表"),
        _column("缺失原因", "missing_reason", T.TEXT, "人员变动未移交"),
        _column("担保人", "vouched_by", T.NAME, "赵某", synonyms="证明人"),
    ),
    keys=(("asset_code", "party_code", "year"),),
)

DECISIONS = Kind(
    "decisions",
    "民主议事决议登记表",
    (
        _column("对象类型*", "object_type", T.ENUM, "确权", choices="确权,移交,分配方案"),
        _column("对象编号*", "object_code", T.CODE, "QQ-440203102204-2019"),
        _column("环节*", "stage", T.ENUM, "决议", choices="提议,商议,审议,决议"),
        _column(
            "会议类型*",
            "meeting_type",
            T.ENUM,
            "村民代表会议",
            choices="村党组织会议,村两委会议,党员大会,村民会议,村民代表会议,成员大会,成员代表大会,"
            "镇党委会议,区领导小组会议",
        ),
        _column("会议日期*", "met_on", T.DATE, "2019-05-10", synonyms="会议时间"),
        _column("应到人数*", "entitled_count", T.INT, "45", positive=True),
        _column("实到人数*", "present_count", T.INT, "40"),
        _column("赞成*", "yes_count", T.INT, "38", synonyms="赞成人数,赞成票"),
        _column("反对", "no_count", T.INT, "1", synonyms="反对人数,反对票"),
        _column("弃权", "abstain_count", T.INT, "1", synonyms="弃权人数,弃权票"),
        _column("通知日期", "called_on", T.DATE, "2019-05-06"),
        _column("会议记录编号*", "minutes_no", T.TEXT, "会记〔2019〕5号"),
        _column("行为人编码*", "actor_code", T.CODE, "R0002", synonyms="行为人编号"),
    ),
    keys=(("object_type", "object_code", "stage", "met_on"),),
)

NOTICES = Kind(
    "notices",
    "公示登记表",
    (
        _column("对象类型*", "object_type", T.ENUM, "确权", choices="确权,分配方案"),
        _column("对象编号*", "object_code", T.CODE, "QQ-440203102204-2019"),
        _town(),
        _village(required=True),
        _column("张贴日期*", "posted_on", T.DATE, "2019-05-12"),
        _column("公示天数*", "notice_days", T.INT, "10", positive=True),
        _column("天数类型*", "day_type", T.ENUM, "日历日", choices="日历日,工作日"),
        _column("地点*", "place", T.TEXT, "村务公开栏", synonyms="公示地点"),
        _column("联系电话", "contact_phone", T.PHONE, ""),
        _column("撤下日期", "taken_down_on", T.DATE, "2019-05-23"),
        _column("照片编号", "photo_no", T.TEXT, "ZP-0012"),
    ),
    keys=(("object_type", "object_code", "village_name", "posted_on"),),
)

OBJECTIONS = Kind(
    "objections",
    "公示异议登记表",
    (
        _column("对象类型*", "object_type", T.ENUM, "分配方案", choices="确权,分配方案"),
        _column("对象编号*", "object_code", T.CODE, "FA-440203102204-2019"),
        _column("公示轮次*", "notice_round", T.INT, "1", positive=True),
        _column(
            "户编号或资产编号", "subject_code", T.CODE, "4402031020401", synonyms="户编号,资产编号"
        ),
        _column("收到日期*", "received_on", T.DATE, "2019-05-15"),
        _column("异议内容*", "content", T.TEXT, "认为岗位补助月数有误"),
        _column("答复日期", "answered_on", T.DATE, "2019-05-18"),
        _column("答复结果", "answer_result", T.ENUM, "不成立", choices="成立,不成立"),
        _column("答复内容", "answer", T.TEXT, "已核对考勤，月数无误"),
    ),
    keys=(
        ("object_type", "object_code", "notice_round", "subject_code", "received_on", "content"),
    ),
)

ACCEPTANCES = Kind(
    "acceptances",
    "资产移交接收意见表",
    (
        _column("移交编号*", "handover_code", T.CODE, "YJ-440203102204-2019"),
        _asset_code(),
        _column("接收意见*", "opinion", T.ENUM, "接收", choices="接收,保留接收,拒收"),
        _column(
            "原因代码",
            "reason_code",
            T.ENUM,
            "",
            choices="资料不全,实物缺损,数量不符,权属争议,其他",
            synonyms="原因",
        ),
        _column("保留事项", "reservation", T.TEXT, ""),
        _column("整改期限", "remedy_by_on", T.DATE, ""),
        _column("签收日期*", "signed_on", T.DATE, "2019-07-01"),
        _column("签收人编码*", "signer_code", T.CODE, "R0002", synonyms="签收人编号"),
    ),
    keys=(("handover_code", "asset_code"),),
)

PAYMENT_RESULTS = Kind(
    "payment-results",
    "发放结果表",
    (
        _column("批次编号*", "batch_code", T.CODE, "PC-2019-0001"),
        _column("序号*", "line_no", T.INT, "1", positive=True),
        _column("户编号*", "household_code", T.CODE, "4402031020401"),
        _column(
            "金额(元)*", "amount_fen", T.YUAN, "485.07", synonyms="金额,发放金额", positive=True
        ),
        _column("结果*", "result", T.ENUM, "成功", choices="成功,退回,处理中", synonyms="发放结果"),
        _column("到账日期", "paid_on", T.DATE, "2019-12-20", synonyms="到账时间"),
        _column(
            "退回原因",
            "return_reason",
            T.ENUM,
            "",
            choices="户名不符,账号不存在,账户已注销,证件过期,其他",
        ),
        _column("银行流水号", "bank_serial_no", T.CODE, "LS20191220001"),
    ),
    keys=(("batch_code", "line_no"),),
)

VOUCHER_NUMBERS = Kind(
    "voucher-numbers",
    "凭证号对照表",
    (
        _column("主体编码*", "party_code", T.CODE, "V440203102204"),
        _column("月份*", "voucher_month", T.MONTH, "2019-03"),
        _column("凭证号*", "voucher_no", T.INT, "1", positive=True),
        _column("外部凭证号*", "external_voucher_no", T.TEXT, "记-035"),
        _column("入账日期", "posted_on", T.DATE, "2019-03-31"),
    ),
    keys=(("party_code", "voucher_month", "voucher_no"),),
)

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            DIVISIONS,
            PARTIES,
            ACTORS,
            FUNDS,
            PROJECTS,
            ASSETS,
            SHARES,
            CONTRACTS,
            HOUSEHOLDS,
            RECEIPTS,
            DEDUCTIONS,
            ELECTRICITY_BILLS,
            ATTENDANCE,
            BANK_STATEMENT,
            OPENING,
            HISTORY,
            DECISIONS,
            NOTICES,
            OBJECTIONS,
            ACCEPTANCES,
            PAYMENT_RESULTS,
            VOUCHER_NUMBERS,
        )
    }
)
"""Every KIND of ``fupin import`` by its name on the command line."""

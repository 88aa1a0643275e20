"""The kinds of tax invoice there are, outbound and inbound, under one set of codes.

The codes are those of Kingdee's inbound table, because it is the widest (protocols/kingdee-cloud.md,
"Inbound type codes"); every cloud's own codes are mapped to it.
"""

from ..rules.document import ORDINARY, SPECIAL

TYPES = [
    ("1", "Electronic, ordinary (电普)"),
    ("2", "Electronic, special (电专)"),
    ("3", "Paper, ordinary (纸普)"),
    ("4", "Paper, special (纸专)"),
    ("5", "Roll (卷票)"),
    ("7", "Machine-printed (机打)"),
    ("8", "Taxi (的士)"),
    ("9", "Train (火车)"),
    ("10", "Air (飞机)"),
    ("11", "Other (其他)"),
    ("12", "Vehicle (机动车)"),
    ("13", "Used vehicle (二手车)"),
    ("14", "Fixed amount (定额)"),
    ("15", "Toll (通行费)"),
    ("16", "Coach (客运)"),
    ("17", "Road and bridge (过路过桥)"),
    ("19", "Tax payment (完税证明)"),
    ("20", "Ship (轮船)"),
    ("21", "Customs payment (海关缴款书)"),
    ("23", "Machine-printed, electronic (机打电子)"),
    ("24", "Train refund (火车退票)"),
    ("25", "Fiscal receipt, electronic (财政电子)"),
    ("26", "Digital, ordinary (数电普)"),
    ("27", "Digital, special (数电专)"),
    ("28", "Digital, air (数电航空)"),
    ("29", "Digital, rail (数电铁路)"),
    ("72", "Digital, toll (数电通行费)"),
    ("83", "Digital, vehicle (数电机动车)"),
    ("84", "Digital, used vehicle (数电二手车)"),
]
DIGITAL = {ORDINARY: "26", SPECIAL: "27"}
PAPER = ("3", "4")
FILES = ("pdf", "ofd", "xml")
KIND_OF = {code: kind for kind, code in DIGITAL.items()}

STATUSES = [
    ("normal", "Normal"),
    ("partly_red", "Partly reversed"),
    ("red", "Reversed"),
    ("void", "Void"),
    ("lost", "Lost control (失控)"),
    ("abnormal", "Abnormal (异常)"),
]
# A fapiao with one of these still counts for its documents.
LIVING = ("normal", "partly_red")

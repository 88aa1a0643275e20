"""The vendor's own example answers about reversing, byte for byte; holds no tests itself.

Source: the paper (票单云, 数电票接口V1-企业版, 开具红字发票); docs/protocols/piaodanyun.md#red-letter.
"""

RED_CHECK = """\
{
"code": 200,
"msg": "成功",
"message": "成功",
"data": {
"fphm": "24112000000064654320",
"message": "成功,本张发票可以开负数!",
"xhdwsbh": "9111011457319202X9",
"xhdwmc": "北京民诺科技有限公司",
"ghdwsbh": null,
"ghdwmc": "个人",
"kprq": "2024-06-19 19:34:07",
"hjje": -0.99,
"hjse": -0.01,
"fplxdm": "82",
"tdyslxdm": null,
"zsfs": "0",
"jbr": null,
"XfsytDm": "00",
"ZzsytDm": "03",
"FprzztDm": "00",
"mxzb": [
{
"xh": 1,
"sl": 0.01,
"dw": "年",
"spmc": "*软件*票单云财税管理系统",
"se": -0.01,
"je": -0.99,
"spdj": "0.990099009901",
"ggxh": "V1",
"spsl": "-1",
"spbm": "1060301020100000000",
"zxbm": "",
"hsbz": "",
"yhzcbs": "0",
"bb": "",
"zzstsgl": null,
"sqdh": "",
"lslbs": ""
}
]
},
"total": 0
}"""

RED_APPLY = """\
{
"code": 200,
"msg": "成功",
"message": "成功",
"data": {
"sqsj": "2024-06-19 19:55:40",
"xxbztDm": "01",
"xxbbh": "11011424061000028528",
"uuid": "4e75f060b492476383338a63aa96537a",
"xxbzt": "无需确认"
},
"total": 0
}"""

RED_ISSUE = """\
{
"code": 200,
"msg": "负数发票开具成功",
"message": "负数发票开具成功",
"data": {
"fphm": "24112000000064636722",
"kprq": "2024-06-19 19:55:40",
"xhdwsbh": "9111011457319202X9",
"ghdwsbh": "",
"xhdwmc": "北京民诺科技有限公司",
"ghdwmc": "个人",
"jshj": -1,
"xxbbh": "11011424061000028528"
},
"total": 0
}"""

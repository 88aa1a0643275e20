"""The vendor's own example answers, byte for byte; holds no tests itself.

Source: the paper (票单云, 数电票接口V1-基础版), in the order in which they stand there.
"""

OBTAIN_TOKEN_REQUEST = """\
{
"phone_email": "135xxxxxxxx",
"pass": "xxxxxx"
}"""

WRONG_PASSWORD = """\
{
"code": 40000,
"msg": "用户名或密码错误",
"data": null
}"""

PARAMETER_EMPTY = """\
{
"code": 20000,
"msg": "参数不能为空",
"data": null
}"""

FACE_IMG = """\
{
"code": 200,
"msg": "成功",
"data": {
"rzid": "5246703dc22842b5a3d7826f375e6c7d",
"nsrsbh": "9151123123122031211",
"ewm": "qrcode_id=gYyixYMScMK4GQc2LfzqvKVnk33kJHs7p5wnpig3QdYFAdAvmDp7i7Yobk7zzkNM&areaPrefix=5100&int erfaceCode=0004",
"slzt": null,
"emwly": "swj"
},
"total": 0
}"""

BLUE_TICKET = """\
{
"code": 200,
"msg": "成功",
"data": {
"Fphm": "22111111111111111180",
"Kprq": "2022-11-28 15:28:11",
"Gmfyx": null,
"GmfSsjswjgdm": null
},
"total": 0
}"""

FILE_ADDRESSES = """\
{
"code": 200,
"msg": "成功",
"message": "成功",
"data": {
"pdfUrl": "https://dppt.beijing.chinatax.gov.cn:8443/kpfw/fpjfzz/v1/exportDzfpwjEwm?Wjgs=PDF&Jym=5C91&Fphm=24112000000064654320&Kprq=20240619193407&Czsj=1718797610288",
"ofdUrl": "https://dppt.beijing.chinatax.gov.cn:8443/kpfw/fpjfzz/v1/exportDzfpwjEwm?Wjgs=OFD&Jym=5C91&Fphm=24112000000064654320&Kprq=20240619193407&Czsj=1718797610288",
"xmlUrl": "https://dppt.beijing.chinatax.gov.cn:8443/kpfw/fpjfzz/v1/exportDzfpwjEwm?Wjgs=XML&Jym=5C91&Fphm=24112000000064654320&Kprq=20240619193407&Czsj=1718797610288"
},
"total": 0
}"""

FILE_BASE64 = """\
{
"code": 200,
"msg": "成功",
"data": "base64 加密字符串",
"total": 0
}"""

LOGIN_DONE = """\
{
"code": 200,
"msg": "成功",
"message": "成功",
"data": "88a5cfc741ff48eeb11d9d30b6b32a81",
"total": 0
}"""

LOGIN_UNREGISTERED = """\
{
"code": 999,
"msg": "可信错误:该用户未注册,请在自然人业务入口进行用户注册",
"message": "可信错误:该用户未注册,请在自然人业务入口进行用户注册",
"data": null,
"total": 0
}"""

QUERY = """\
{
"code": 200,
"msg": "成功",
"message": "成功",
"data": {
"kdsbz": null,
"zlqqz": null,
"gmfjbr": "",
"kce": "0",
"swjgmc": null,
"fpcbh": null,
"swjgdm": null,
"fwfsd": null,
"skm": "",
"yfpdm": "",
"ghdwdm": "",
"id": "b2952853-b739-4ae9-89c2-db0a3d4b6678",
"skr": "",
"mxzb": null,
"dfgtgmbq": "",
"GFKHDH": "",
"ip": null,
"zfrdm": "",
"bbh": "",
"zfdqsj": null,
"dphgzbh": null,
"spbmjc": "",
"fullAddress": null,
"bmbbbh": "",
"ghdwyhzh": " ",
"jshj": "1",
"jbrzrrnsrsbh": "",
"zhsl": null,
"qmbz": "",
"spsm": "",
"hczt": null,
"slsm": "",
"tdyslxDm": "",
"czydm": "bjmn",
"yqbz": "",
"hssign": "",
"jzxmmc": null,
"ghdwdzdh": " ",
"fpqqlsh": "9111011457319202X9_01",
"kpjh": "",
"se": "0.01",
"tdzzsxmbh": null,
"zfrq": "",
"kprq": "20240619193407",
"bz": "",
"ssyf": "",
"ghdwmc": "个人",
"scbsbz": "",
"hdjsjg": null,
"jbrsfzjlx": "",
"kpddm": "",
"zkbz": "",
"sfyytljdj": null,
"sfsdts": "0",
"zfyy": "",
"ncpsgzjlx": null,
"zyspmc": "*软件*票单云财税管理系统",
"fphm": "24112000000064654320",
"wqhtbabh": null,
"ceburl": "",
"tscbz": "0",
"bchcbz": null,
"dqsj": "2024-06-19 19:34:07",
"hjje": "0.99",
"tqm": "",
"yfphm": "",
"zzfphm": "",
"scbz": "",
"qdbz": "",
"hjzkje": null,
"kpr": "",
"kpdwdm": "9111011457319202X9",
"fplxdm": "82",
"fpzt": "00",
"rzzt": null,
"qmcs": "",
"DZDH": "",
"tzdh": "",
"tdys": [],
"fdjhm": null,
"GFKHYX": "",
"zffs": "",
"hjzkse": null,
"zfr": "",
"sfwzzfp": "0",
"sccgsj": "",
"dxtsbz": "0",
"qmz": "",
"jbrsfzjhm": "",
"xhdwdm": "9111011457319202X9",
"fpdm": "",
"hcFphm": null,
"xhdwdzdh": "北京市昌平区东小口镇天通中苑二区21号楼2层1428 135819133199",
"zbmx": [
{
"id": "848d9a9a-398c-4e14-b3fb-968aa8bf61ba",
"mxid": "b2952853-b739-4ae9-89c2-db0a3d4b6678",
"fpdm": "",
"fphm": "24112000000064654320",
"fpmxxh": "1",
"xsdjbh": "",
"fphxz": "0",
"je": "0.990000000000000000",
"sl": "0.01",
"se": "0.01",
"spmc": "*软件*票单云财税管理系统",
"spsm": "",
"ggxh": "V1",
"dw": "年",
"spsl": 1,
"spdj": 0.990099009901,
"hsbz": "0",
"spbm": "1060301020100000000",
"djmxxh": null,
"bb": "",
"zxbm": "",
"yhzcbs": "0",
"lslbs": "",
"zzstsgl": "",
"kprq": "20240619193407",
"jqbh": "",
"xhdwdm": "9111011457319202X9",
"hsje": 1,
"hsdj": 1,
"kpdwdm": "9111011457319202X9",
"cepzmx": null,
"cqzsh": null
}
],
"jbrgjlx": "",
"fhr": "",
"fjys": null,
"sjcjhsje": null,
"hsslbs": "",
"xhdwmc": "北京民诺科技有限公司",
"jqbh": "",
"tspz": "",
"tzdbh": "",
"xhdwyhzh": "中国工商银行股份有限公司北京西三旗支行 0200240109200016984",
"zsfs": "0"
},
"total": 0
}"""

CREDIT_PLACEHOLDERS = """\
{
"code": 200,
"msg": "成功",
"data": {
"sysxed": "剩余授信额度-保留 2 位小数",
"zsxed": "总授信额度-保留 2 为小数"
},
"total": 1
}"""

CREDIT = """\
{
"code": 200,
"msg": "成功",
"message": "成功",
"data": {
"zsxed": "3000000.00",
"kjlpzs": "1",
"sysxed": "2995145.63",
"fpejse": "145.63",
"ysysxed": "4854.37",
"fphjje": "4854.37"
},
"total": 0
}"""

FACE_STATE = """\
{
"code": 200,
"msg": "成功",
"data": "eyJZampiIjoiMDEiLCJTeGxiIjoiMyIsIlNmc2wiOiJZIiwiSXRzU2NhbkZsYWciOiJOIn0=",
"total": 0
}"""

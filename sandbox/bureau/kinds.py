"""Which kinds of received fapiao are there (docs/protocols/kingdee-inbound.md#types), and what is sold?"""

# How often of 1,000 made-up ones each type code comes.
SHARES = {27: 300, 26: 280, 2: 40, 1: 40, 4: 40, 3: 30, 5: 10, 7: 10, 8: 20, 9: 20, 10: 10, 11: 5, 12: 5,
          13: 5, 14: 10, 15: 20, 16: 10, 17: 10, 19: 5, 20: 5, 21: 10, 23: 10, 24: 5, 25: 10, 28: 20, 29: 30,
          72: 20, 83: 10, 84: 10}
KINDS = tuple(sorted(SHARES))
DIGITAL = frozenset((26, 27, 28, 29, 72, 83, 84))                   # 20 digits, no code
SPECIAL = frozenset((2, 4, 27, 12, 83, 15, 72, 21, 29, 28))         # whose tax may be deducted
VAT = frozenset((1, 2, 3, 4, 5, 26, 27))                            # goods and services of any rate
FIXED_RATES = {28: 9, 29: 9, 72: 9, 15: 3, 12: 13, 83: 13, 21: 13, 10: 9, 9: 9, 16: 3, 20: 3}
RATES = (13, 13, 13, 13, 13, 13, 9, 9, 6, 6, 6, 6, 3, 1, 1, 0)
# Percent → what is sold at it: name, classification code, unit. One, two or four of each.
ITEMS = {
    13: (('*纸制品*复印纸', '1060105020000000000', '箱'), ('*计算机*笔记本电脑', '1090511010000000000', '台'),
         ('*金属制品*螺栓', '1080408990000000000', '千克'),
         ('*办公设备*打印机', '1090418010000000000', '台')),
    9: (('*运输服务*货物运输', '3010102020200000000', ''), ('*建筑服务*装修', '3050300000000000000', '')),
    6: (('*信息技术服务*软件维护', '3040201020000000000', '次'),
        ('*餐饮服务*餐费', '3070401000000000000', ''),
        ('*住宿服务*住宿费', '3070402000000000000', '天'), ('*现代服务*咨询费', '3040605990000000000', '')),
    3: (('*通行费*车辆通行费', '3040502020200000000', ''),),
    1: (('*印刷品*宣传册', '1060201990000000000', '册'),),
    0: (('*农产品*蔬菜', '1010115990000000000', '千克'),),
}
# 发票状态 of a received fapiao; not the outbound enumeration.
NORMAL, LOST, VOID, RED, ABNORMAL, PARTLY, REVERSED = '0', '1', '2', '3', '4', '7', '8'
STATUSES = {NORMAL: '正常', LOST: '失控', VOID: '已作废', RED: '红字发票', ABNORMAL: '异常',
            PARTLY: '部分红冲', REVERSED: '已全额红冲'}

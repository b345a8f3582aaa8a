panel-usage = 码本使用
    .help = 帧选择哪些码字，选择的频率和均匀程度如何。留意有许多未使用码字的层，以及占去一切的少数码字
# 指标的对象。
usage-of-what = 第 { $layer } 层，{ $frames }{ $step }
usage-of-averages = 第 { $layer } 层，按滑动平均（EMA）
usage-cluster-sizes = EMA 簇大小
usage-needs-frames = 查看使用情况需要帧
    .help = 这些码本没有簇大小，因此只有帧能说明每个码字的使用频率
# 有了帧之后能看到什么：接在冒号之后。
usage-adds-frames = 真实的帧选择每个码字的频率，以及其中有多少出于偶然
# 指标后面的小字。
usage-of-codes = 共 { GROUPED($n) } 个码字
usage-of-k = K 的 { $share }
usage-entropy-bits = { $bits } 比特
# 码字的排列顺序。
usage-index = 编号
    .help = 码字按编号排列
usage-frequency = 频率
    .help = 码字按被选择的次数从多到少排列
    .in-layers = 每一层的码字按被选择的次数从多到少排列
# 每个码字一根柱。
usage-codes = 第 { $layer } 层的码字，{ $frames }
usage-code-axis = 码字在码本中的编号
usage-rank = 排名
    .help = 码字的名次，从被选择最多（1）到最少
    .of-codes = 码字从被选择最多（1）到最少排列
usage-rank-n = 排名 { $rank }：码字 { $code }
usage-size-axis = EMA 簇大小 (帧/批)
    .help = c_k：一个批次中选择该码字的帧数的滑动平均
usage-frames-axis = count_k：已统计的帧中有多少选择了该码字
usage-cluster-size = EMA 簇大小 c_k
usage-share = 占比
usage-ema-share = EMA 占比乘以 n
usage-ema-line = 在计数旁边画出滑动平均给每个码字的占比：c_k / C，乘以 n 帧
# 排名与频率。
usage-ranks = 排名与频率，{ $frames }
usage-uniform-line = 均匀：各 1/K
usage-share-of-ema = EMA 占比
    .help = p_k = c_k / C；簇大小为零的码字在对数轴上没有位置
usage-share-of-frames = 帧占比
    .help = p_k = count_k / n；没有被任何帧选择的码字在对数轴上没有位置
# 层与码字。
usage-layers = 各层的码字，{ $frames }
usage-layers-axis = 每层一行，第一层在最上面。单击某一层可选中它
usage-rank-in-layer = 层内排名
    .help = 每一层的码字从被选择最多（1）到最少排列
usage-code-of-layer = 第 { $layer } 层，码字 { $code }
usage-rank-of-layer = 第 { $layer } 层，排名 { $rank }
usage-over-uniform = 相对均匀占比
usage-ramp = 颜色：码字的帧数与均匀信源的份额 n/K 之比，对数刻度。没有被任何帧选择的码字用单独的颜色表示
usage-unused = 未使用

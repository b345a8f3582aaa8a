panel-time = 时间
    .help = 波形、特征和所有层的词元共用一条时间轴，从整个语料直到单独一帧。滚轮缩放；拖动可选中一段并读出其数值
time-how-to = 滚轮缩放，拖动选中一段，单击词元选中其码字
# 没有词元的原因，或关于词元的说明。
time-codes-computing = 正在计算码字
time-codes-later = 码字在训练暂停或结束后计算
time-codes-failed = 语料无法编码：原因见通知
time-codes-outdated = 这些是较早一步的码字；新的码字在训练暂停或结束后计算
time-codes-cut-short = 语料有 { $all } 帧；只保留前 { $kept } 帧的码字
# 图。
time-title = 帧与词元，每列一帧
    .coarse = 帧与词元，每列 { $frames } 帧
time-rows = 行
    .help = 自上而下：波形，内存中没有音频时则为各帧的范数；特征，第一个维度在最下方；每层一行。在此处，单用滚轮即以指针为中心缩放，按住中键可拖动。单击词元可选中其码字
# 各条带旁。
time-band-wave = 波形
time-band-norm = 范数
time-band-features = 特征
# 词元的着色依据，以及色带两端。
time-by-code = 码字
    .help = 每个码字一种颜色。缩小显示时，一列取其中最多帧所选码字的颜色
time-by-error = 误差
    .help = 帧在每层之后的平方误差 `||x - q_1..l||²`，取其平方根，从该层的第 1 到第 99 百分位。缩小显示时，为一列中至多 16 帧的平均
    .low = 误差小
    .high = 大
time-by-margin = 间隔
    .help = 所选码字比次近的码字近多少，`1 - d_chosen / d_runner-up`：暗色（浅色主题下为亮色）表示处于两个单元的边界上。缩小显示时，为一列中至多 16 帧的平均
    .low = 在边界上
    .high = 明确
# 读数。
time-norm = 帧的范数
time-distance = 平方距离
time-runner-up = 次近的码字
time-runner-up-code = 码字 { $code }，距离 { $distance }
time-margin = 间隔
time-error-behind = 该层之后的平方误差
time-layers = 第 { $first } 至 { $last } 层
# 所选一段的数值。
time-stretch = 已选中 { GROUPED($n) } 帧
time-stretch-lasts = 已选中 { GROUPED($n) } 帧，{ $duration }
time-stretch-counting = { $stretch }：正在统计
time-snr = 所有层之后的 SNR
time-snr-behind = 第 { $layer } 层之后为 { $snr }
time-used-of = 第 { $layer } 层共 { $codes } 个
time-most-chosen = 第 { $layer } 层中选得最多的
time-code-share = 码字 { $code }：{ $share }
    .help = 这一段中有 { GROUPED($n) } 帧选中它。单击可在所有面板中选中它

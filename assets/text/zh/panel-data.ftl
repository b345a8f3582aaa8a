panel-data = 数据
    .help = 被量化的音频和特征，逐个音频片段显示。拖动可选中一段帧
# 语料的概况。
data-corpus = { $corpus }：{ GROUPED($frames) } 帧，{ GROUPED($dim) } 维，帧率未知
data-corpus-at-rate = { $corpus }：{ GROUPED($frames) } 帧，{ GROUPED($dim) } 维，每秒 { $rate } 帧
data-time-is-first = 时间是第一个轴：{ $reason }
data-time-is-second = 时间是第二个轴：{ $reason }
data-time-help = 除非由你指定，否则是推测；如有错误，可在左侧对调
data-held-out = 留出：{ GROUPED($n) } 帧（{ $share } %）
    .help = 取自整个语料的完整音频片段，只有一个片段时取其尾部：从不参与训练，只用于评判
# 选中的帧。
data-selected = 已选中：第 { $first } 至 { $last } 帧
data-selected-secs = 已选中：第 { $first } 至 { $last } 帧，{ $from } s 至 { $to } s
data-select-none = 取消选中
data-marked = { GROUPED($n) } 帧选中了第 { $layer } 层的码字 { $code }
    .help = 凡有帧选中该码字之处，都在图的上边缘标出
# 图。
data-waveform = 波形
    .being-prepared = 波形：准备中
data-amplitude = 振幅
    .help = 提取器所见的采样值：单声道，采用提取器自身的采样率，满幅为 1
data-amplitude-range = { $low } 至 { $high }
data-features = 特征
    .ramp = 颜色覆盖所有数值的第 1 至第 99 百分位；超出部分取两端的颜色
data-dimension = 维度
    .help = 一帧的各个维度，第一个在最下方
data-time = 时间 (s)
data-time-at-rate = 以秒计，每秒 { $rate } 帧
data-time-in-frames = 以帧计：每秒的帧数未知。可在左侧设置帧率
# 读数。
data-frame = 第 { $frame } 帧
data-frame-at = 第 { $frame } 帧，{ $secs } s 处
data-clip = 音频片段
data-split = 划分
data-dimension-n = 维度 { $dimension }
data-too-much = 这一段的数值超过 { $most } 个，一张表格容纳不下：请放大，或选中较短的一段

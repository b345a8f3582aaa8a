panel-error = 重建误差
    .help = 每一层为重建增加了什么。留意增益很小的层，以及比训练帧差的留出帧
# 误差按什么来看。
error-by-layer = 按层
    .help = 每一层增加了什么，以及每个训练批次的误差
error-by-rate = 按码率
    .help = 各层花费的比特换来了什么，并与高斯帧能达到的水平对照
error-by-token = 按词元
    .help = 该层的码字按其在误差中的占比排列：哪些码字最差，差在何处
error-by-dimension = 按维度
    .help = 每个维度的误差及其方差：码字没有表达出帧的哪些内容
error-over-time = 按时间
    .help = 误差沿语料的变化以及每段音频的误差：哪些位置最差
error-not-quantized = 帧尚未量化
# 有了帧的码字或有了帧之后能看到什么：接在冒号之后。
error-adds-places = 每个码字在“{ panel-time }”中误差最大的位置
error-adds-dimensions = 每个维度的误差
error-adds-time = 随时间变化的误差，以及每段音频的误差
error-adds-frames = 各层之后的误差，需要 { $dim } 维的音频或特征
# 所有层之后。
error-of-what = 全部 { GROUPED($n) } 层之后，{ $frames }{ $step }
error-snr-behind-all = 所有层之后的 SNR
error-mse-behind-all = 所有层之后的 MSE
error-gap = 差距 { $gap } dB（训练帧 { $train } dB，留出帧 { $held_out } dB）：码本过于贴合见过的帧，增加数据、减少码字或减少层数可以缩小差距
error-no-gap = 没有明显差距：训练帧 { $train } dB，留出帧 { $held_out } dB
error-batch-mse = 每个训练批次的 MSE
# 指标的简称。
error-mse = MSE
error-snr = SNR
error-snr-db = SNR, dB
error-gain = 增益
error-variance = 方差
# 已解释的方差占比，简称。
error-explained-variance = 解释方差
error-explained = 解释方差
error-shannon-reference = Shannon 参考
# 按层。
error-layers-axis = 各层依次量化前面各层留下的残差
error-gain-by-layer = 每一层的增益
error-snr-by-layer = 每一层之后的 SNR
error-mse-by-layer = 每一层之后的 MSE
error-variance-by-layer = 每一层之后已解释的方差
error-line-all = 所有帧
error-line-held-out = 留出帧
error-line-training = 训练帧
# 所有层的表格。单位写在半角逗号和空格之后。
error-table = 各层指标
    .help = 两组帧并列；单击某一层可选中它
error-head-db = { $name }, dB
error-head-training = { $name }（训练）
error-head-held-out = { $name }（留出）
    .help = 留出帧的指标：{ $name }。{ $definition }
error-of-shannon = Shannon 占比
    .help = { $share }{ $reference }
error-select-layer = 选择第 { $layer } 层
# 没有帧的量化器。
error-energy = 每一层各行的能量，按 EMA 占比加权
error-energy-rows = 行
error-energy-axis = 行的能量
    .help = sum p_k ||e_k||²，其中 p_k = c_k / C，没有簇大小时为 1/K：如果每一层剩下的工作越来越少，各层去除的能量就逐层下降
# 按码率。
error-rate = SNR 与码率，{ $frames }
error-rate-by-run = SNR 与码率，逐个运行
error-rate-axis = { $snr }实线对应码字实际携带的比特，较淡的线对应按完整码本大小计的比特：两者相距越远，熵编码器节省得越多。要把束搜索与贪心搜索放在一起看，请在此图处于前台时打开训练部分的束搜索：同一批帧上看到过的结果会一直保留

    { $name }：{ $definition }
error-greedy = 贪心搜索
error-beam = 宽度为 { $width } 的束搜索
error-gaussian = 高斯帧的最佳值
error-full-size = 按完整码本大小
error-at-full-size = 按完整大小
error-read-after-layer = 第 { $layer } 层之后
error-snr-at-bits = { $snr }，{ $bits } 比特
error-bits = { $bits } 比特
# 按词元。
error-codes = 第 { $layer } 层的码字，按在该层误差中的占比
    .help = 距离是到该层输入的距离，与搜索时所见相同。单击表头可排序，单击码字可选中它
error-code =
    .help = 单击码字，在所有面板中选中它
error-worst-place = 最差位置
    .help = 离码字那一行最远的帧：单击可在“{ panel-time }”“{ panel-data }”和“{ panel-tokens }”中转到该处
error-frames = 帧
    .training = 训练帧
    .held-out = 留出帧
    .help = 选择该码字的帧
error-use = 使用
    .training = 训练使用
    .held-out = 留出使用
    .help = 它在帧中的占比
error-error = 误差
    .training = 训练误差
    .held-out = 留出误差
    .help = 它在该层 `sum ||x - e_k||²` 中的占比，对所有码字的单元内的帧求和
error-distortion = 失真
    .training = 训练失真
    .held-out = 留出失真
error-looking-for-places = 正在查找每个码字误差最大的位置
error-no-places = 没有位置：{ $why }
error-select-code = 选择码字 { $code }
error-go-to-worst-place = 转到码字 { $code } 的最差位置
error-worst-frame = 第 { $frame } 帧，与该行相距 { $distance }
# 按维度。
error-decoding = 正在解码各帧
error-no-dimensions = 没有按维度的误差：{ $why }
error-of-dimensions = 第 { $layer } 层之后各维度的 MSE，{ $frames }
error-of-bands = 第 { $layer } 层之后各梅尔频带的 MSE，{ $frames }
error-all-frames = 全部 { GROUPED($n) } 帧
error-some-frames = { GROUPED($all) } 帧中的 { GROUPED($n) } 帧
error-dimensions-axis = MSE 和方差
    .help = { $mse }这里只针对单个维度。{ $variance }单击可转到该维度误差最大的帧
error-variance-line = 方差
error-after-layer = 第 { $layer } 层之后
error-after-all = 所有层之后
error-mse-after-layer = 第 { $layer } 层之后的 MSE
error-mse-after-all = 所有层之后的 MSE
# 按时间。
error-no-time = 没有随时间变化的误差：{ $why }
error-over-time-title = 第 { $layer } 层之后随时间变化的 { $measure }，所有帧
error-over-time-axis = { $definition }按每段约 { GROUPED($n) } 帧计算。单击可转到该处；分界线是音频片段的边界
error-worst-mse = 最差：{ $place }，MSE { $mse }
error-worst-snr = 最差：{ $place }，SNR { $snr } dB
error-place = 第 { $from } 至 { $to } 帧
error-place-at = 第 { $from } 至 { $to } 帧，位于 { $at } s
error-place-of = { $clip } 的第 { $from } 至 { $to } 帧
error-place-at-of = { $clip } 的第 { $from } 至 { $to } 帧，位于 { $at } s
error-go-there = 转到该处
    .help = 选中误差最大的一段，并在“{ panel-data }”和“{ panel-tokens }”中转到该处
error-go-to-worst = 转到最差的一段
error-frames-to = 第 { $from } 至 { $to } 帧
error-from = 起点
# 逐段音频。
error-of-clips = 每段音频的误差
    .help = 所有层合计。单击表头可排序，单击音频片段可转到该处
error-clip = 音频片段
    .help = 单击音频片段可选中它，并在“{ panel-data }”和“{ panel-tokens }”中转到该处
error-clip-frames = 帧数
    .help = 它有多少帧
error-decoding-clips = 正在解码音频片段
error-no-clips = 没有按音频片段的误差：{ $why }
error-clip-n = 音频片段 { $clip }
error-go-to = 转到 { $place }

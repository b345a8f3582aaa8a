# 已加载的内容，以及从何处加载更多。
side-training = 训练
side-data = 数据
side-quantizer = 量化器
side-demo = 演示
    .help = 十二种嗓音的九十秒语音，并带有合适的参数；打开后立即训练
side-example = 示例
    .help = 1000 个 30 维均匀分布向量和 1024 个码字：帧数少于码字数，也必须能工作
side-nothing-open = 尚未打开任何内容：将音频、特征、码字或模型拖放到窗口任意位置
side-no-data-yet = 还没有数据：将模型可接受的音频或特征拖放到窗口任意位置
side-features = 音频特征
    .help = 音频如何转为帧：提取器及其参数、声道
side-summary = 数据是什么
side-frames = { $frames } 帧 × { $dim }，每秒 { $rate } 帧
    .unknown = { $frames } 帧 × { $dim }，帧率未知
    .help = 帧数、每帧维度和每秒帧数
side-split = { $train } 训练，{ $held_out } 留出
    .help = 用于训练码本的帧，以及仅用于评判的帧：整段音频，或一段音频的末尾
side-open = 打开…
    .help = 音频、特征、码字或模型，一个或多个文件（Ctrl+O）
side-recent = 最近打开
    .help = 以前打开过的内容
side-path = 路径
    .hint = 文件或文件夹，然后按 Enter
side-codes-alone = 仅有码字：{ $layers } 层 × { $frames } 帧
    .clips = 仅有码字，{ $clips } 段音频：{ $layers } 层 × { $frames } 帧
side-size = 码本大小
    .help = K，每个码本的码字数；0 表示采用随附模型的值，没有模型时取大于最大码字的 2 的幂
side-time-axis = 时间轴
    .help = 存储的数组中一帧是一行还是一列。猜错会得到少数几个极长的帧
    .guess = 猜测
    .guessed = 猜测：{ $axis }
side-axis-rows = 一行是一帧
side-axis-columns = 一列是一帧
side-frame-rate = 帧率
    .help = 每秒帧数；0 表示未知。计算码率需要它
side-held-out = 留出
    .help = 不参与训练、仅用于评判的帧所占比例。其数值反映码本在未见过的语音上的表现。修改后训练会重新开始
side-standardize = 标准化
    .help = 在每个维度都中心化并缩放为单位方差的数据上训练。码本的保存和误差的给出仍采用数据自身的单位。修改后训练会重新开始
side-opening = 正在打开
    .cancel = 放弃打开；原有内容保持不变
# 音频如何转为帧。
side-extractor = 提取器
    .help = 帧由什么构成
side-channel = 声道
    .help = 使用音频的哪个声道
    .mix = 全部平均
side-extracted = 每秒得到 { $rate } 帧，维度为 { $dim }
# 表单的行。
side-reset = 将{ $label }重置为 { $default }
    .help = 恢复规则的默认值 { $default }
side-effect-live = 即时
    .help = 训练运行时可修改：从下一步起生效
side-effect-restart = 重训
    .help = 修改后训练会从头重新开始
side-param =
    { $help }

    键名：{ $key }
    取值：{ $wanted }
    默认值：{ $default }
    .unit =
        { $help }

        键名：{ $key }
        取值：{ $wanted }，单位：{ $unit }
        默认值：{ $default } { $unit }
side-word-greedy = 贪心
side-word-as-frames = 与帧相同
side-word-none = 无
side-unit-paths = 条路径
# 已加载的模型。
side-model = 模型：{ $name }
    .repaired = 模型：{ $name }，已修复
side-model-evaluate = 评估
    .help = 用数据检验它，不做训练
side-model-train = 由此训练
    .help = 以下方参数训练，从该模型的码本开始
side-model-close = 关闭
    .help = 不再使用该模型；其文件保持不变
side-model-one-of = { $n } 个之一
    .help = 文件含有多个量化器：可选择另一个查看
side-model-trained = 训练
side-model-says = 文件注明
side-model-notes = 训练与配置（{ $n }）
    .help = 文件中除张量以外的数字和文字
side-model-no-data = 请先打开维度与模型一致的音频或特征
side-model-other-dim = 模型接受 { $theirs } 维的帧，而数据是 { $ours } 维
# 更适合数据的参数。
side-proposals = 针对当前数据
    .take = 采用
    .help = 全部采用；可撤销
    .why = 理由
# 量化器及由其参数得出的结果。
side-rule = 规则
    .help = 码本如何初始化、移动并清除死码字
side-undo = 撤销
    .help = 撤销上一次编辑：{ $what }（Ctrl+Z）
    .why-not = 没有可撤销的编辑
side-redo = 重做
    .help = 重做已撤销的编辑：{ $what }（Ctrl+Shift+Z）
    .why-not = 没有撤销过任何编辑
side-defaults = 默认值
    .help = 所有参数恢复为规则的默认值；可撤销
    .why-not = 所有参数都已是规则的默认值
side-even = 每个码字平均每步得到 N/K = { $frames } 帧
    .help = 每步 N = { $batch } 帧，共 K = { $codes } 个码字。阈值只有与此数对照才有意义。
side-window = EMA 窗口 { $window } 步，半衰期 { $half_life } 步
    .help = 窗口 1/(1-decay)，半衰期 ln .5 / ln decay：簇大小的记忆有多长
side-rate = 每帧 { $bits } 比特
    .kbps = 每帧 { $bits } 比特，{ $kbps } kbps
    .help = 标称值：层数乘以 log2 K。码字实际携带的是其熵，要小一些
side-threshold-off = 死码字保留：未启用替换
side-threshold-high = 阈值 { $threshold } 不低于 N/K = { $even }：所有码字都被视为死码字
side-threshold = 低于每步 { $threshold } 帧视为死码字；建议：0.1 N/K = { $advice }
    .help = 稳态下，得到帧的比例为 p 的码字，其 EMA 大小为 N p；平均值为 N/K。其十分之一左右是合理的阈值（建议：0.1 N/K = { $advice }）。
    .expiry = 平均大小的码字若不再被任何帧选择，将在 { $steps } 步后被替换
# 码字的搜索方式。
side-beam = 束搜索
    .help = 查看帧或将帧保存为码字时，每层之后保留多条路径（贪心路径和其余最好的路径），而不只是最近的码字。训练步如何搜索由训练参数决定
    .paths = 每层之后保留的路径数：束宽 B
    .gain = { $gain } dB，{ $split }
    .computing = 计算中
# 训练按钮不可用的原因。
side-not-codes = 仅有码字无法训练：请打开音频或特征
side-not-without-data = 请先打开音频或特征
side-not-opening = 正在打开文件
side-not-invalid = 有参数超出取值范围
side-not-ending = 训练正在结束
side-not-idle = 没有进行中的训练
side-not-running = 训练正在执行：请先暂停
side-not-finished = 没有可继续的已完成训练
side-not-over = 训练尚未结束
# 训练的状态。
side-state-codes = 仅显示码字
side-state-no-data = 没有数据
side-state-repaired = 显示已修复的运行
side-state-model = 显示已加载的模型
side-state-ended-early = 已提前停止：可用“继续”执行更多步
side-state-stopped = 中途停止：可用“继续”恢复
side-state-shown = 就绪，显示已结束的运行
side-state-ready = 可以训练
side-state-starting = 正在启动
side-state-comparing = 正在比较
side-state-training = 训练中
side-state-paused = 已暂停
side-state-stopping = 正在停止
# 训练按钮及进度。
side-evaluate-only = 仅评估
    .help = 用数据检验已加载的模型，不训练它
side-steps = { $steps } / { $total } 步
    .left = { $rate } 步/s，剩余 { $time }
    .help = 按最近五秒估计
side-train = 训练
    .help = 以这些参数从头训练（Ctrl+Enter）
side-train-one = 单独训练
    .help = 结束本次比较，以上方参数训练一次（Ctrl+Enter）
side-restart = 重新开始
    .help = 结束本次训练，从头重新开始（Ctrl+Enter）
side-resume = 恢复
    .help = 继续执行（Space）
side-pause = 暂停
    .help = 在下一步之前等待（Space）
side-step = 单步
    .help = 执行一步，然后等待：没有进行中的训练时会启动一个（句点键）
side-stop = 停止
    .help = 到此结束，保留已得到的结果
side-continue = 继续
    .help = 从最后一步起，再训练同样多的步数
side-shown-run = 所有面板所显示的运行
side-end-here = 到此结束
    .help = 结束本次训练，保留已得到的结果
side-always = 总是如此
    .help = 今后，留出 SNR 连续 { $steps } 步没有提高时，训练自行结束
side-preparing = 准备中

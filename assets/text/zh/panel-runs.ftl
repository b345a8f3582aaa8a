figure-steps = 步数
    .text = 已完成的训练步数，或所载入模型的文件中记载的步数
figure-bits_per_frame = 每帧比特数
    .text = 各层 `log2 K` 之和：把每个码字作为编号传输时，一帧所需的比特数
figure-trained_for_s = 时间
    .text = 训练所用的时间，包括启动，不包括暂停。对比中的各个运行轮流执行各步，因此每个运行的时间都是全部运行的总时间
panel-runs = 运行
    .help = 所有运行及其数值：显示其中一个，叠加其他运行，继续训练，或以它为起点训练。多种规则可以在相同的批次上并排训练
runs-state-planned = 已计划
runs-state-starting = 启动中
runs-state-running = 运行中
runs-state-paused = 已暂停
runs-state-stopping = 停止中
runs-state-done = 已完成
runs-state-stopped = 已停止
runs-state-failed = 失败
runs-origin-trained = 训练
runs-origin-trained-from = 从运行起训
runs-origin-compared = 对比
runs-origin-swept = 扫描
runs-origin-loaded = 载入
runs-origin-repaired = 修复
runs-origin-codes = 仅码字
runs-rule-help = { $rule }：{ $help }
runs-compare = 对比
    .help = 同时用这些规则训练：数据、种子、初始质心和批次都相同，参数取自左侧。各规则有各自的阈值
    .opening = 正在打开文件
    .range = 有参数超出取值范围
    .few = 请至少选择两种规则
runs-pitfall = 展示常见缺陷
    .help = 训练程序的已知缺陷，表现为演示数据上分开的曲线
    .hint =
        { $text }

        在演示数据上训练：{ $entries }
runs-none = 还没有运行
    .help = 训练、打开模型，或在上方选择规则并按“对比”：每个运行都会列在这里
runs-table = 运行
    .help = 所有层合计，有留出帧时取留出帧上的数值。单击表头即可排序
runs-draw = 绘制
    .help = 勾选后，在所有随步数和层变化的图中，把该运行叠加到所显示的运行上
runs-run = 运行
    .help = 名称：单击即可在所有面板中显示。前面的符号：诊断快速检查的结果。圆点：已固定，无论有多少运行都完整保留
runs-origin = 来源
    .help = 它从何而来
runs-rule = 规则
    .help = 训练所用的更新规则
runs-differs = 与所显示运行的差异
    .help = 与所显示运行取值不同的参数
    .short = 差异
    .shown = 当前显示
runs-state = 状态
    .help = 正在做什么，或如何结束
runs-actions = 可对它进行的操作
runs-head-steps = 步数
runs-head-time = 时间
runs-head-bits = 比特
runs-head-unused = 未使用
runs-draw-none = 全不绘制
    .help = 只绘制所显示的运行
runs-draw-all = 全部绘制
    .help = 把所有运行叠加绘制
runs-draw-one = 绘制 { $name }
    .help = 叠加到所显示的运行上
    .shown = 所显示的运行始终绘制
    .nothing = 它没有可绘制的内容
runs-name-help =
    { $name }：{ $state }

    单击可在所有面板中查看，双击可重命名
    .note =
        { $name }：{ $state }

        { $note }

        单击可在所有面板中查看，双击可重命名
runs-note = 备注
    .of = { $name } 的备注
runs-name = 名称
    .of = { $name } 的名称
runs-actions-on = 对 { $name } 的操作
runs-show = 显示
    .help = 在所有面板中显示
runs-continue = 继续训练
    .help = 从最后一步之后继续，再训练同样多的步数
runs-train-from = 以它为起点训练
    .help = 用左侧的参数，从它的码本开始训练
runs-rename = 重命名…
    .help = 在该行中输入：Enter 保留，Escape 放弃
runs-annotate = 备注…
runs-pin = 固定
    .help = 固定的运行会完整保留，无论有多少运行
    .undo = 取消固定
runs-save-model = 保存模型…
    .help = 保存它的量化器
runs-delete = 删除
    .help = 删除它；按 Ctrl+Z 可恢复
runs-curve = 曲线
runs-curve-mse = 误差
    .title = 各训练批次的 MSE
runs-curve-held-out = 留出误差
    .title = 训练途中留出帧的 MSE
runs-curve-loss = 损失
    .title = 各训练批次的损失
runs-curve-perplexity = 困惑度
    .title = 各训练批次的困惑度
runs-curve-used = 已用
    .title = 各训练批次使用的码字
runs-curve-below = 低于阈值
    .title = 低于阈值的码字
runs-curve-replaced = 替换
    .title = 每步替换的码字
runs-curve-drift = 漂移
    .title = 码本每步的漂移
runs-curve-drift-all = 漂移（所有行）
    .title = 所有行每步的漂移

package sandbox

// Choice is one place where the documentation leaves something open, and what the
// sandbox does there. The manual prints the list.
type Choice struct {
	Topic string `json:"topic"`
	Open  string `json:"open"`
	Taken string `json:"taken"`
}

// Choices lists them; the stricter reading is taken unless the entry says why not.
func Choices() []Choice {
	return []Choice{
		{"回调重试", "“总共重试三次”可理解为 3 次或 1+3 次；非 200 是否重试两处说法不同", "首次之外再重试 3 次，连接失败、超时、任何非 200（含跳转）都重试；每次重新加密，时间戳和随机串都不同，明文不变"},
		{"回调包元素顺序", "ToUserName、AgentID、Encrypt 的顺序不固定；AgentID 在 Event 前或后", "两种顺序交替出现"},
		{"不能被动回复的事件", "回复会怎样没有写", "忽略，并在流量中注明；同一回调只有第一次有效回复会显示"},
		{"按钮回调的回复", "template_card_event 不在可回复列表，但可更新卡片", "只接受 update_button 与 update_template_card，并用掉本次点击的 ResponseCode"},
		{"被动回复的首部", "ToUserName、FromUserName 写错会怎样没有写", "忽略该回复"},
		{"gettoken 重复调用", "旧说法：有效期内返回同一个；新页面不承诺", "剩余 10 分钟以上时返回同一个，expires_in 是剩余秒数；否则发新的，旧的仍可用到期"},
		{"错误的 secret", "“多次”错误封 IP 一小时，次数未公布", "一小时内 20 次（可配置），之后 45009"},
		{"重复消息检查", "命中后返回什么没有写", "errcode 0，没有 msgid 也没有 response_code"},
		{"每人 30 条/分、1000 条/时", "按自然分钟还是任意 60 秒没有写", "任意连续 60 秒、3600 秒"},
		{"81013", "是否带无效名单没有写", "带"},
		{"卡片里出现该类型没有的部分", "没有写", "40058；发送时带 replace_text 或 disable 也是 40058；未知字段忽略并注明"},
		{"button_list、action_list 的个数", "没有专用错误码", "40058"},
		{"card_image.aspect_ratio", "大于 1.3 且小于 2.25，默认 1.3", "明写 1.3 也拒绝"},
		{"submit_button.text", "必填又写有默认值", "必填，42049"},
		{"task_id 重复", "没有写错误码", "42014，永久有效"},
		{"更新卡片时结构错误", "ResponseCode 是否已用掉没有写", "未用掉；目标全部无效（82102）时也未用掉"},
		{"更新后的 task_id", "更新请求中没有 task_id", "保留原来的"},
		{"markdown 超过 2048 字节", "截断还是拒绝没有写", "拒绝，45002"},
		{"textcard.btntxt 超过 4 字", "没有写", "40058"},
		{"GET 接口用 POST 调用，或相反", "只写了 POST 接口被 GET 调用时看不到请求体", "40058"},
		{"JSON 类型不对", "“可能只解析一部分”", "40058，带 Warning: wrong json format"},
		{`请求中的 \uXXXX`, "40033，但没有写哪些接口执行", "不拒绝，只在流量中注明：大量现有程序这样发送而可用"},
		{"通讯录回调", "2022-08-15 之后保存的接收器只收到精简字段", "默认精简；\"full\":true 为旧形式，新建成员时 create_user 与 update_user 同一秒各来一次"},
		{"审批回调", "AgentID 是 3010040 还是接收应用，两种都见过；ProcessList 可能没有", "AgentID 为 3010040；SpRecord 与 ProcessList 都有"},
		{"OAuth code", "用过的 code 是 40029 还是 42022", "40029；过期 42003；一次有效"},
		{"appchat 每小时人次", "两个页面数字不同", "取小的：2 万/分、15 万/时"},
		{"未授权的隐私字段", "2022-06-20 之后的应用读不到手机号、邮箱等", "默认按新应用；gender 恒为 \"0\""},
		{"通讯录同步 secret", "新 IP 只能读 id", "一律按新 IP：读详情 48009"},
	}
}

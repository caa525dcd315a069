package wecom

import "errors"

// Remedy tells an administrator, in Chinese, which console page to open and what to do there.
type Remedy struct {
	Page   string
	Action string
}

// Console pages (企业微信管理后台, work.weixin.qq.com).
const (
	pageCorp     = "我的企业 → 企业信息"
	pageApp      = "应用管理 → 应用"
	pageSecret   = "应用管理 → 应用 → Secret"
	pageScope    = "应用管理 → 应用 → 可见范围"
	pageIP       = "应用管理 → 应用 → 企业可信IP"
	pageReceive  = "应用管理 → 应用 → 接收消息"
	pageDomain   = "应用管理 → 应用 → 网页授权及JS-SDK"
	pageContacts = "管理工具 → 通讯录同步"
	pageApproval = "应用管理 → 审批"
	pageProgram  = "应用管理 → 应用 → 关联小程序"
)

var remedies = map[int]Remedy{
	40001:  {pageSecret, "Secret 与企业不匹配或已被重置：重新查看该应用的 Secret，填入 config.yaml 的 wecom.apps[].secret，再重新启动。"},
	40013:  {pageCorp, "企业ID不对：复制页面最下方的「企业ID」，填入 config.yaml 的 wecom.corp_id。"},
	40056:  {pageApp, "AgentId 不对：复制应用详情页的 AgentId，填入 config.yaml 的 wecom.apps[].agent_id。"},
	40057:  {pageReceive, "回调地址验证失败：确认地址能从公网访问、Token 与 EncodingAESKey 和 config.yaml 一致，再点「保存」。"},
	40091:  {pageSecret, "Secret 无效，可能属于另一家企业：重新查看本企业该应用的 Secret，填入 config.yaml。"},
	40093:  {pageDomain, "JS-SDK 签名不被接受：确认页面网址在可信域名之内，且签名用的是当前页面的完整网址（不含 # 之后的部分）。"},
	41002:  {pageCorp, "没有填写企业ID：在 config.yaml 填写 wecom.corp_id。"},
	41004:  {pageSecret, "没有填写 Secret：在 config.yaml 填写 wecom.apps[].secret。"},
	41024:  {pageSecret, "没有填写 Secret：在 config.yaml 填写 wecom.apps[].secret。"},
	42015:  {pageApp, "更新卡片的应用不是发送它的应用：检查 config.yaml 中各应用的 agent_id 与 secret 是否配对。"},
	43009:  {pageCorp, "企业尚未认证，不能使用该接口：完成企业认证后再试。"},
	43012:  {pageReceive, "应用没有设置回调地址，不能发送可点击的卡片：在「API接收」中填写回调地址、Token 与 EncodingAESKey。"},
	45024:  {pageCorp, "企业账号数已达上限：扩容或清理不再使用的账号。"},
	45031:  {pageSecret, "Secret 不够安全，企业微信要求更换：点「重新获取」，把新的 Secret 填入 config.yaml。"},
	48001:  {pageApp, "应用没有该接口的授权：在应用详情页开通相应权限。"},
	48002:  {pageApp, "应用没有调用该接口的权限：检查应用的权限设置；群聊接口还要求可见范围为全公司。"},
	48004:  {pageApp, "应用的授权关系已失效：在应用详情页重新授权或重新启用。"},
	48006:  {pageApp, "应用长期未使用，接口权限已被收回：在应用详情页重新开通。"},
	48009:  {pageContacts, "通讯录同步的 Secret 在新的 IP 上只能读取成员与部门的编号：读取详情请用应用的 Secret。"},
	48010:  {"服务器环境", "TLS 版本过低：请检查代理或网关，使用 TLS 1.2 或以上。"},
	50001:  {pageDomain, "网页授权的回跳域名不是可信域名：把 server.public_url 的域名（含端口）加入可信域名。"},
	50002:  {pageScope, "成员不在应用的权限范围内：把该成员或其部门加入可见范围。"},
	50003:  {pageApp, "应用已被停用：在应用详情页重新启用。"},
	50006:  {pageApp, "相应的系统应用已被停用：在应用管理中重新启用。"},
	60011:  {pageScope, "应用无权访问该成员、部门或标签：把它加入应用的可见范围。"},
	60020:  {pageIP, "本机的出口 IP 不在企业可信IP之内：把它加入「企业可信IP」，约 1 分钟后生效。"},
	60021:  {pageScope, "成员不在应用的可见范围内：把该成员或其部门加入可见范围。"},
	60031:  {pageApp, "应用被禁止调用该接口：联系企业微信客服解除限制。"},
	80001:  {pageDomain, "可信域名不正确或没有备案：设置已备案的可信域名。"},
	81011:  {pageScope, "应用无权使用该标签：在标签的设置中允许该应用使用。"},
	85005:  {pageDomain, "域名归属没有验证：下载校验文件，放到域名根目录后再点「申请校验域名」。"},
	90206:  {pageProgram, "小程序没有关联到应用：在应用详情页关联该小程序。"},
	90207:  {pageProgram, "小程序的 appid 不正确：核对 appid 后再关联。"},
	90208:  {pageProgram, "小程序与应用不匹配：关联属于本企业的小程序。"},
	92000:  {pageScope, "成员不在应用的可见范围内：把该成员或其部门加入可见范围。"},
	92001:  {pageApp, "应用没有读取成员敏感信息的权限：在应用详情页申请，并勾选所需字段。"},
	92002:  {pageCorp, "调用跨了企业：检查 config.yaml 的 wecom.corp_id 与 secret 是否属于同一家企业。"},
	92003:  {pageApp, "调用跨了应用：检查 config.yaml 中 agent_id 与 secret 是否属于同一个应用。"},
	93000:  {"群聊 → 消息推送", "推送地址的 key 无效或机器人已被移除：重新添加并更新地址。"},
	93001:  {"群聊 → 消息推送", "该群不允许推送：请群主开启。"},
	93004:  {"群聊 → 消息推送", "机器人已停用：请添加者重新启用。"},
	94000:  {pageApp, "没有开启工作台自定义展示：在应用详情页「配置到工作台」中开启。"},
	94008:  {pageApp, "没有设置工作台模版类型：先在应用详情页选择模版。"},
	301002: {pageApp, "agent_id 与 secret 不属于同一个应用：核对应用详情页的 AgentId 与 Secret，更正 config.yaml 的 wecom.apps[]。"},
	301007: {pageCorp, "企业不可用：确认企业没有被解散或封停。"},
	301042: {pageIP, "本机的出口 IP 不在白名单内：把它加入「企业可信IP」，约 1 分钟后生效。"},
	301055: {pageApproval, "应用没有审批接口的权限，或申请人不在范围内：在「审批 → API → 可调用接口的应用」中勾选本应用。"},
	301056: {pageApproval, "审批应用已被停用：在应用管理中启用「审批」。"},
	301062: {pageApproval, "应用没有假期接口的权限：在「审批 → API」中勾选本应用。"},
	301065: {"应用管理 → 汇报", "应用没有汇报接口的权限：在「汇报 → API」中勾选本应用。"},
	301087: {pageApproval, "审批模板数量已达上限：删除不再使用的模板。"},
	301088: {pageApproval, "应用无权使用该审批模板：请用创建它的应用，或在「审批」中授权。"},
	301115: {pageApproval, "模板设置了自定义打印格式，不能用接口修改：请在「审批」中修改。"},
	701008: {"应用管理 → 接口许可", "成员没有基础接口许可：为其分配账号。"},
	701016: {"应用管理 → 接口许可", "接口许可已过期：续期后再试。"},
	701099: {"应用管理 → 接口许可", "接口许可不足：购买并为成员分配账号。"},
	846601: {"智能机器人 → API模式", "没有开启长连接：在智能机器人设置中开启。"},
	853000: {"智能机器人 → API模式", "bot_id 或 secret 不对：重新查看后更正配置。"},
}

// wrongBaseURL is the remedy for answers that do not come from WeCom's API.
var wrongBaseURL = Remedy{"config.yaml", "应答不是来自企业微信：检查 wecom.api_base_url 与网络代理。"}

// Advice returns the remedy for an errcode whose class is Misconfigured; ok is false for others.
func Advice(code int) (Remedy, bool) {
	r, ok := remedies[code]
	return r, ok
}

// RemedyOf returns the remedy for err, naming the caller's IP where that is the remedy; ok is false when err's class
// is not Misconfigured.
func RemedyOf(err error) (Remedy, bool) {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.class != Misconfigured {
		return Remedy{}, false
	}
	if e.Code == 0 {
		return wrongBaseURL, true
	}
	r, ok := remedies[e.Code]
	if ok && r.Page == pageIP && e.IP != "" {
		r.Action += "需要加入的 IP：" + e.IP + "。"
	}
	return r, ok
}

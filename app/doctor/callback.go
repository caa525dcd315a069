package doctor

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"guiju/app/config"
	"guiju/callback/envelope"
	"guiju/store"
)

// receiver is one callback URL.
type receiver struct {
	name       string
	token, key config.Secret
	page       string // where its Token and key are set
	form       string // what is filled in there
	config     string // where they stand in config.yaml
}

// inbound checks what WeCom sends, by what came, and whether it can come.
func (d *doctor) inbound(ctx context.Context, title string, r receiver) []Finding {
	if r.token.Empty() || r.key.Empty() || d.Config.WeCom.CorpID == "" {
		return nil // told by settings
	}
	var all []Finding
	if d.db != nil {
		all = append(all, d.received(ctx, title+"的回调", r))
	}
	return append(all, d.reachable(ctx, title+"的回调地址", r))
}

// received judges by the last request that was refused and the last that was
// accepted: only WeCom knows which Token and key the console holds.
func (d *doctor) received(ctx context.Context, title string, r receiver) Finding {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	reader := d.db.Reader(ctx)
	refused, err := lastRefusal(reader, r.name)
	if err != nil {
		return bad(title, err.Error(), pageConfig, "稍后再试；一直出现时检查数据库。")
	}
	accepted, err := lastAccepted(reader, r.name)
	if err != nil {
		return bad(title, err.Error(), pageConfig, "稍后再试；一直出现时检查数据库。")
	}
	switch {
	case refused.Times > 0 && refused.LastAt.After(accepted):
		return explainRefusal(title, r, refused, d.db.Zone())
	case accepted.IsZero():
		return bad(title, "还没有收到过企业微信的请求", r.page,
			"先启动服务（guiju serve），在「"+r.form+"」中填写回调地址、Token 和 EncodingAESKey，点「保存」，几秒后再运行 guiju doctor。")
	}
	return fine(title, "最近一次在 %s", accepted.In(d.db.Zone()).Format("2006-01-02 15:04:05"))
}

// explainRefusal says which value differs from the console's.
func explainRefusal(title string, r receiver, last store.Refusal, zone *time.Location) Finding {
	at := last.LastAt.In(zone).Format("2006-01-02 15:04:05")
	say := func(what, page, remedy string) Finding {
		return bad(title, fmt.Sprintf("最近一次请求（%s）被拒绝：%s", at, what), page, remedy)
	}
	again := "，重启服务，再在后台的「" + r.form + "」点「保存」；已经改好的，再点一次「保存」，几秒后再运行 guiju doctor。"
	switch last.Reason {
	case "signature":
		return say("签名不符，Token 与后台不一致", r.page, "把后台的 Token 填入 config.yaml 的 "+r.config+"token"+again)
	case "base64", "block", "padding", "length":
		return say("解密失败，EncodingAESKey 与后台不一致", r.page, "把后台的 EncodingAESKey 填入 config.yaml 的 "+r.config+"encoding_aes_key"+again)
	case "receiveid":
		return say("请求属于另一家企业，企业ID 不对", pageCorp, "复制「企业ID」，填入 config.yaml 的 wecom.corp_id"+again)
	}
	return say("内容不是企业微信的回调（"+last.Reason+"）", pageServer, "检查网关或代理是否改动了请求（方法、参数、正文），并确认请求来自企业微信。")
}

// lastRefusal looks as far back as refusals are kept: their times are the
// service's, which under serve --clock is not this machine's.
func lastRefusal(r *store.Reader, name string) (store.Refusal, error) {
	list, err := r.Refusals("", 500)
	var last store.Refusal
	for _, one := range list {
		if one.Receiver == name && ofWeCom(one.Reason) && one.LastAt.After(last.LastAt) {
			last = one
		}
	}
	return last, err
}

// ofWeCom says whether requests refused for a reason claim to be WeCom's: they
// failed the proof, or passed it and could not be read.
func ofWeCom(reason string) bool {
	return envelope.FailedProof(reason) || strings.HasPrefix(reason, "plaintext_")
}

// lastAccepted is when WeCom last proved that keys agree: by a callback, or by
// a verification that was not the doctor's own.
func lastAccepted(r *store.Reader, name string) (time.Time, error) {
	list, err := r.Deliveries(store.DeliveryFilter{Receiver: name, Limit: 1})
	if err != nil {
		return time.Time{}, err
	}
	saved, err := verified(r)
	if err != nil {
		return time.Time{}, err
	}
	if len(list) > 0 && list[0].ReceivedAt.After(saved[name]) {
		return list[0].ReceivedAt, nil
	}
	return saved[name], nil
}

// reachable sends the verification that WeCom sends when 保存 is pressed to the
// public address, and checks the answer.
func (d *doctor) reachable(ctx context.Context, title string, r receiver) Finding {
	base := d.Config.Server.PublicURL
	if base == "" {
		return unchecked(title, "没有检查：config.yaml 的 server.public_url 是空的，填写外网访问地址后可以检查；在此之前网页表单（/form/）不开通，聊天里也不带链接")
	}
	target := base + "/callback/" + r.name
	key, err := envelope.NewKey(r.token.Reveal(), r.key.Reveal(), d.Config.WeCom.CorpID)
	if err != nil {
		return bad(title, err.Error(), r.page, "核对 config.yaml 的 "+r.config+"token 和 "+r.config+"encoding_aes_key。")
	}
	salt := envelope.NewSalt(d.Machine())
	echo := probeMark + strconv.FormatInt(d.Machine().UnixNano(), 36)
	q, sealed, err := key.SealEcho(salt, echo)
	if err != nil {
		return bad(title, err.Error(), r.page, "核对 config.yaml 的 "+r.config+"encoding_aes_key。")
	}
	values := url.Values{"msg_signature": {q.Signature}, "timestamp": {q.Timestamp}, "nonce": {q.Nonce}, "echostr": {sealed}}
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target+"?"+values.Encode(), nil)
	if err != nil {
		return bad(title, "server.public_url 不是网址", pageConfig, "写成 https://guiju.example.com 的样子。")
	}
	answer, err := d.http.Do(request)
	if err != nil {
		return bad(title, target+" 访问不到："+reason(err), pageServer,
			"确认服务已启动（guiju serve）、域名解析、防火墙、证书和反向代理，让外网的请求到达 server.listen。")
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 4096))
	switch {
	case err != nil:
		return bad(title, target+" 的应答不完整："+reason(err), pageServer, "检查反向代理。")
	case answer.StatusCode >= 300 && answer.StatusCode < 400:
		return bad(title, target+" 跳转到别处，企业微信不会跟随", pageServer, "去掉跳转（例如 http 跳 https），server.public_url 和后台的 URL 都写最终的地址。")
	case answer.StatusCode == http.StatusForbidden:
		return bad(title, target+" 上的服务用的不是这份配置", pageServer, "确认反向代理指向本服务，并用同一份 config.yaml 重启它。")
	case answer.StatusCode != http.StatusOK:
		return bad(title, fmt.Sprintf("%s 的应答是 HTTP %d", target, answer.StatusCode), pageServer,
			"确认反向代理把 /callback/ 原样转给本服务，不改动路径和参数。")
	case string(body) != echo:
		return bad(title, target+" 的应答不是本服务的", pageServer, "确认反向代理指向本服务，不改动应答；后台的 URL 填写这个地址。")
	}
	return fine(title, "%s 可以到达（从本机验证）", target)
}

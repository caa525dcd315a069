package wecom_test

import (
	"fmt"

	"guiju/wecom"
	"guiju/wecom/card"
)

// A card is checked when it is built; the bytes of the request are kept, so that a repetition after a lost answer is
// recognised by WeCom.
func ExampleBuildSend() {
	question, err := card.ButtonInteraction{
		TaskID:  "M20260302-0001",
		Title:   card.MainTitle{Title: "咨询 M20260302-0001", Desc: "陈宇：年假还剩几天？"},
		Buttons: []card.Button{{Text: "收到", Key: "ack"}, {Text: "回复", Key: "reply"}},
	}.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	body, err := wecom.BuildSend(1000002, wecom.ToUsers("linmo"), wecom.TemplateCard{Card: question})
	fmt.Println(string(body), err)
	// Output: {"touser":"linmo","msgtype":"template_card","agentid":1000002,"template_card":{"card_type":"button_interaction","task_id":"M20260302-0001","main_title":{"title":"咨询 M20260302-0001","desc":"陈宇：年假还剩几天？"},"button_list":[{"text":"收到","key":"ack"},{"text":"回复","key":"reply"}]},"enable_duplicate_check":1,"duplicate_check_interval":14400} <nil>
}

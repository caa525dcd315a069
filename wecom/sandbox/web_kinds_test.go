package sandbox_test

// sample is one message as message/send takes it, and the words a member must be able to read.
type sample struct {
	kind  string
	body  map[string]any
	shown []string
}

type object = map[string]any

// everyKind is one message of each kind the page draws without stored media, every text made hostile.
func everyKind(hostile string) []sample {
	return []sample{
		{"text", object{"content": "正文 " + hostile + ` <a href="javascript:window.ran=1">坏</a> <a href="https://example.com/">好</a>`}, []string{hostile, "坏", "好"}},
		{"markdown", object{"content": "# 标题\n**粗** [链接](javascript:window.ran=1) " + hostile + "\n> 引用\n<font color=\"warning\">当心</font> `码`"}, []string{"标题", "粗", "引用", "当心", "码", hostile}},
		{"textcard", object{"title": "请假审批", "description": `<div class="gray">3月2日</div><div class="highlight">请处理</div>` + hostile, "url": "https://example.com/t"}, []string{"请假审批", "3月2日", "请处理", hostile, "详情"}},
		{"news", object{"articles": []object{{"title": "制度更新", "description": hostile, "url": "https://example.com/n", "picurl": "https://example.com/n.png"}, {"title": "第二篇", "url": "https://example.com/2"}}}, []string{"制度更新", "第二篇", hostile}},
		{"template_card", noticeCard("kind-notice", hostile), []string{hostile, "流程中心", "3280", "金额（元）", "财务备注", "已走招商银行", "预计 1 个工作日到账", "申请人", "赵六", "我的报销"}},
		{"template_card", object{
			"card_type": "news_notice", "source": object{"desc": "行政部"}, "main_title": object{"title": "春季体检", "desc": hostile},
			"card_image":            object{"url": "https://example.com/i.png", "aspect_ratio": 1.5},
			"image_text_area":       object{"type": 1, "url": "https://example.com/h", "title": "预约须知", "desc": "空腹", "image_url": "https://example.com/h.png"},
			"vertical_content_list": []object{{"title": "地点", "desc": "市一医院体检中心"}},
			"card_action":           object{"type": 1, "url": "https://example.com/h"},
		}, []string{"春季体检", hostile, "预约须知", "空腹", "地点", "市一医院体检中心"}},
		{"template_card", object{
			"card_type": "button_interaction", "task_id": "kind-button", "source": object{"desc": "审批中心", "desc_color": 3},
			"main_title":       object{"title": "采购审批", "desc": hostile},
			"button_selection": object{"question_key": "opinion", "title": "意见", "option_list": []object{{"id": "ok", "text": "同意"}, {"id": "no", "text": hostile}}},
			"button_list":      []object{{"text": "通过", "style": 1, "key": "a"}, {"text": "驳回", "style": 2, "key": "b"}, {"type": 1, "text": "看原文", "style": 4, "url": "https://example.com/b"}},
		}, []string{"采购审批", hostile, "意见", "同意", "通过", "驳回", "看原文"}},
		{"template_card", voteCard("kind-vote"), []string{"周五团建选什么", "徒步", "观影", "提交"}},
		{"template_card", selectCard("kind-select"), []string{"工单回访", "响应速度", "很快", "是否解决"}},
	}
}

func noticeCard(task, title string) object {
	return object{
		"card_type": "text_notice", "task_id": task, "source": object{"icon_url": "https://example.com/l.png", "desc": "流程中心", "desc_color": 1},
		"action_menu":             object{"desc": "通知设置", "action_list": []object{{"text": "接收此类通知", "key": "sub_on"}, {"text": "不再提醒", "key": "sub_off"}}},
		"main_title":              object{"title": title, "desc": "EX-2026-0118"},
		"quote_area":              object{"type": 1, "url": "https://example.com/q", "title": "财务备注", "quote_text": "已走招商银行"},
		"emphasis_content":        object{"title": "3280", "desc": "金额（元）"},
		"sub_title_text":          "预计 1 个工作日到账",
		"horizontal_content_list": []object{{"keyname": "申请人", "value": "赵六", "type": 3, "userid": "zhaoliu"}, {"keyname": "详情", "value": "点击查看", "type": 1, "url": "https://example.com/d"}},
		"jump_list":               []object{{"type": 1, "title": "我的报销", "url": "https://example.com/j"}},
		"card_action":             object{"type": 1, "url": "https://example.com/c"},
	}
}

func voteCard(task string) object {
	return object{
		"card_type": "vote_interaction", "task_id": task, "main_title": object{"title": "周五团建选什么", "desc": "可多选"},
		"checkbox":      object{"question_key": "q_lunch", "mode": 1, "option_list": []object{{"id": "hike", "text": "徒步", "is_checked": false}, {"id": "film", "text": "观影", "is_checked": true}}},
		"submit_button": object{"text": "提交", "key": "vote_submit"},
	}
}

func selectCard(task string) object {
	return object{
		"card_type": "multiple_interaction", "task_id": task, "main_title": object{"title": "工单回访"},
		"select_list": []object{
			{"question_key": "speed", "title": "响应速度", "selected_id": "s5", "option_list": []object{{"id": "s5", "text": "很快"}, {"id": "s3", "text": "一般"}}},
			{"question_key": "result", "title": "是否解决", "option_list": []object{{"id": "yes", "text": "已解决"}, {"id": "no", "text": "未解决"}}},
		},
		"submit_button": object{"text": "提交", "key": "survey_submit"},
	}
}

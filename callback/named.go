package callback

import "strings"

// namedEvents are the events of callbacks.md 4.10–4.12 with their change types, which guiju recognises and keeps but
// does not act on. No change types: the event has none. "*": the list of the pages is open.
var namedEvents = map[string]string{
	// 客户联系 [92130], 获客助手 [97299]
	"change_external_contact": "add_external_contact add_half_external_contact edit_external_contact " +
		"del_external_contact del_follow_user transfer_fail msg_audit_approved",
	"change_external_chat": "create update dismiss",
	"change_external_tag":  "create update delete shuffle",
	"customer_acquisition": "*",

	// 微信客服 [94670]
	"kf_msg_or_event":        "",
	"kf_account_auth_change": "",

	// 文档, 智能表格 [97833], [100986]
	"doc_change":         "doc_member_change delete_doc form_complete delete_form form_settings_change",
	"smart_sheet_change": "add_filed update_filed delete_filed add_record update_record delete_record",

	// 日程 [97731]
	"modify_calendar":  "",
	"delete_calendar":  "",
	"add_schedule":     "",
	"modify_schedule":  "",
	"delete_schedule":  "",
	"respond_schedule": "",

	// 会议 [99081], [99648], [95333]
	"meeting_change": "modify_meeting cancel_meeting meeting_start meeting_end meeting_mute_all meeting_unmute_all " +
		"join_meeting quit_meeting join_meeting_before_host join_waiting_room quit_waiting_room " +
		"join_from_meeting_room move_to_waiting_room open_screen_share close_screen_share role_change " +
		"webinar_role_change webinar_warm_up_upload pstn_status_update medium_upload start_recording " +
		"pause_recording resume_recording stop_recording recording_complete delete_recording enroll " +
		"cancel_enroll meeting_room_response",
	"meeting_statistics":  "start_meeting",
	"book_meeting_room":   "",
	"cancel_meeting_room": "",

	// 直播 [94145], 微盘 [97898]–[97903], 邮件 [97495]
	"living_status_change":          "",
	"wedrive_file_change":           "create_file rename_file update_file delete_file move_file",
	"wedrive_space_change":          "dismiss_space space_member_change space_security_settings_change",
	"wedrive_insufficient_capacity": "",
	"app_email_change":              "receive_email",
	"public_email_change":           "receive_email",

	// 上下游 [95796], 家校 [92032]: one source misspells department
	"change_chain": "create_chain update_chain delete_chain create_group update_group delete_group " +
		"corp_join update_corp remove_corp",
	"change_school_contact": "create_student update_student delete_student create_parent update_parent delete_parent " +
		"subscribe unsubscribe create_department update_department delete_department " +
		"create_deparmtment update_deparmtment delete_deparmtment",

	// 安全, 会话存档, 素材, 高级功能, 数据专区, 许可
	"security":                    "change_domain_ip",
	"msgaudit_notify":             "",
	"upload_media_job_finish":     "",
	"submit_vip_account_approval": "",
	"finish_vip_account_approval": "",
	"program_notify":              "",
	"unlicensed_notify":           "",
}

// named reports whether an event is one of namedEvents.
func named(event, changeType string) bool {
	types, known := namedEvents[event]
	switch {
	case !known:
		return false
	case types == "*":
		return true
	case types == "":
		return changeType == ""
	}
	for one := range strings.FieldsSeq(types) {
		if one == changeType {
			return true
		}
	}
	return false
}

package chat

// FetchMedia is the job that downloads the media of an attachment while WeCom
// still has it.
type FetchMedia struct {
	Attachment int64 `json:"attachment"`
}

// Kind is the job's name.
func (FetchMedia) Kind() string { return "chat.fetch_media" }

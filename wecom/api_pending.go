package wecom

import (
	"context"
	"errors"
)

// Client calls WeCom with one secret. It is safe for concurrent use.
type Client struct{}

// New returns a Client; it does not talk to WeCom yet.
func New(cfg Config, o Options) (*Client, error) { return &Client{}, nil }

// AgentID returns the app's id, 0 for the contact-sync secret.
func (c *Client) AgentID() int64 { return 0 }

// BuildSend returns the exact request body of message/send: the same input always gives the same bytes, so that a
// repeated request is recognised by WeCom's duplicate check (4 h).
func BuildSend(agentID int64, to Recipients, m Message) ([]byte, error) {
	return nil, errors.ErrUnsupported
}

// Send builds and sends m once.
func (c *Client) Send(ctx context.Context, to Recipients, m Message) (SendResult, error) {
	return SendResult{}, errors.ErrUnsupported
}

// SendRaw sends a body made by BuildSend.
func (c *Client) SendRaw(ctx context.Context, body []byte) (SendResult, error) {
	return SendResult{}, errors.ErrUnsupported
}

// UpdateTemplateCard changes a sent card.
func (c *Client) UpdateTemplateCard(ctx context.Context, u CardUpdate) (UpdateResult, error) {
	return UpdateResult{}, errors.ErrUnsupported
}

// Recall takes back a message of this app within 24 h.
func (c *Client) Recall(ctx context.Context, msgID string) error { return errors.ErrUnsupported }

// Remedy tells an administrator, in Chinese, where in the console to go and what to do there.
type Remedy struct {
	Page   string
	Action string
}

// Advice returns the remedy for a misconfiguration code; ok is false when the code is none.
func Advice(code int) (Remedy, bool)                { return Remedy{}, false }
func (Text) render() (rendered, error)              { return rendered{}, errors.ErrUnsupported }
func (Image) render() (rendered, error)             { return rendered{}, errors.ErrUnsupported }
func (Voice) render() (rendered, error)             { return rendered{}, errors.ErrUnsupported }
func (Video) render() (rendered, error)             { return rendered{}, errors.ErrUnsupported }
func (File) render() (rendered, error)              { return rendered{}, errors.ErrUnsupported }
func (TextCard) render() (rendered, error)          { return rendered{}, errors.ErrUnsupported }
func (News) render() (rendered, error)              { return rendered{}, errors.ErrUnsupported }
func (MPNews) render() (rendered, error)            { return rendered{}, errors.ErrUnsupported }
func (Markdown) render() (rendered, error)          { return rendered{}, errors.ErrUnsupported }
func (MiniProgramNotice) render() (rendered, error) { return rendered{}, errors.ErrUnsupported }
func (TemplateCard) render() (rendered, error)      { return rendered{}, errors.ErrUnsupported }

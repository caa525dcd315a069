package wecom

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"guiju/wecom/internal/wire"
)

// Limits of group chats [90245].
const (
	maxChatName    = 50 // characters, cut
	maxChatID      = 32 // bytes, letters and digits
	maxChatMembers = 2000
	codeChatExists = 86215
)

// Chat is a group chat created by this app; the app's visible range must be the whole company.
type Chat struct {
	ID      string   `json:"chatid,omitempty"` // ≤ 32 letters and digits; WeCom makes one when empty
	Name    string   `json:"name,omitempty"`   // cut to 50 characters
	Owner   string   `json:"owner,omitempty"`  // a random member when empty
	Members []string `json:"userlist"`         // 2 to 2000
}

// ChatChange changes a group chat; empty fields stay. Removing the owner needs a new Owner.
type ChatChange struct {
	ID     string   `json:"chatid"`
	Name   string   `json:"name,omitempty"`
	Owner  string   `json:"owner,omitempty"`
	Add    []string `json:"add_user_list,omitempty"`
	Remove []string `json:"del_user_list,omitempty"`
}

// CreateChat creates a group chat and returns its id (appchat/create). A chat that exists already under the given id
// counts as created, so that a repeated request is harmless.
func (c *Client) CreateChat(ctx context.Context, chat Chat) (string, error) {
	var k checks
	if chat.ID != "" {
		k.chatID(chat.ID)
	}
	if n := len(chat.Members); n < 2 || n > maxChatMembers {
		k.refuse("userlist", "has %d entries, allowed are 2 to %d", n, maxChatMembers)
	}
	if k.err != nil {
		return "", fmt.Errorf("create chat: %w", k.err)
	}
	chat.Name = wire.CutRunes(wire.Clean(chat.Name), maxChatName)
	var got struct {
		ChatID string `json:"chatid"`
	}
	err := c.callJSON(ctx, "appchat/create", chat, &got)
	if e, ok := errors.AsType[*Error](err); ok && e.Code == codeChatExists && chat.ID != "" {
		existing, err := c.Chat(ctx, chat.ID)
		return existing.ID, err
	}
	return got.ChatID, err
}

// UpdateChat changes name, owner or members (appchat/update).
func (c *Client) UpdateChat(ctx context.Context, change ChatChange) error {
	var k checks
	k.chatID(change.ID)
	k.atMost("add_user_list", len(change.Add), maxChatMembers)
	k.atMost("del_user_list", len(change.Remove), maxChatMembers)
	if k.err != nil {
		return fmt.Errorf("update chat: %w", k.err)
	}
	change.Name = wire.CutRunes(wire.Clean(change.Name), maxChatName)
	return c.callJSON(ctx, "appchat/update", change, nil)
}

// Chat reads a group chat (appchat/get).
func (c *Client) Chat(ctx context.Context, id string) (Chat, error) {
	var k checks
	k.chatID(id)
	if k.err != nil {
		return Chat{}, fmt.Errorf("read chat: %w", k.err)
	}
	var got struct {
		Info Chat `json:"chat_info"`
	}
	err := c.call(ctx, get("appchat/get", url.Values{"chatid": {id}}), &got)
	return got.Info, err
}

// SendToChat sends m to a group chat (appchat/send [90248]); mentioned members ("@all" for everybody) are notified,
// Text only. Cards and mini program notices cannot go to chats, nor can a sent message be recalled. There is no
// duplicate check here: repeating an uncertain send may deliver twice.
func (c *Client) SendToChat(ctx context.Context, chatID string, m Message, mentioned ...string) error {
	body, err := buildChatSend(chatID, m, mentioned)
	if err != nil {
		return fmt.Errorf("build chat message: %w", err)
	}
	return c.call(ctx, post("appchat/send", body), nil)
}

func buildChatSend(chatID string, m Message, mentioned []string) ([]byte, error) {
	r, err := m.render()
	if err != nil {
		return nil, err
	}
	var k checks
	k.chatID(chatID)
	switch m := m.(type) {
	case TemplateCard, MiniProgramNotice:
		k.refuse("msgtype", "%s cannot go to a chat", r.msgType)
	case News:
		for i, a := range m.Articles {
			if a.AppID != "" {
				k.refuse(fmt.Sprintf("news.articles[%d].appid", i), "a chat takes links only")
			}
		}
	}
	if text, ok := r.body.(textBody); ok && r.msgType == "text" {
		k.atMost("text.mentioned_list", len(mentioned), maxUsers)
		text.MentionedList = mentioned
		r.body = text
	} else if len(mentioned) > 0 {
		k.refuse("text.mentioned_list", "only a text can mention members")
	}
	if k.err != nil {
		return nil, k.err
	}
	head := struct {
		ChatID  string `json:"chatid"`
		MsgType string `json:"msgtype"`
	}{chatID, r.msgType}
	tail := struct {
		Safe int `json:"safe"`
	}{r.safe}
	return joinObjects(head, r.msgType, r.body, tail)
}

func (k *checks) chatID(id string) {
	k.need("chatid", id, maxChatID)
	k.alphanumeric("chatid", id)
}

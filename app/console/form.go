package console

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"guiju/app/chat"
	"guiju/store"
)

// The bounds of one form.
const (
	maxFields = 400
	maxValue  = 64 << 10  // bytes of one field
	maxBody   = 512 << 10 // bytes without files
)

const tokenField = "_token"

// errShown ends a transaction of which nothing is kept.
var errShown = errors.New("shown in place")

// outcome is what a Post has led to.
type outcome struct {
	to, note string
	view     *View
}

// post acts on a form. page is nil for 退出, which every page offers.
func (c *Console) post(w http.ResponseWriter, r *http.Request, s *session, page *Page, params map[string]string) {
	if r.Method != http.MethodPost {
		c.problem(w, r, s, wrongMethod())
		return
	}
	if !c.sameOrigin(r) {
		c.problem(w, r, s, foreign())
		return
	}
	takeTime(w)
	form, err := c.read(w, r, s)
	if err != nil {
		form.discard(c)
		c.failed(w, r, s, err)
		return
	}
	if page == nil {
		form.discard(c)
		c.signOut(r.Context(), w, r, s)
		return
	}
	v := c.visit(r, s, params)
	v.Form = form.values
	if v.Files, err = c.keep(r.Context(), s, form); err != nil {
		form.discard(c)
		c.failed(w, r, s, err)
		return
	}
	done, err := c.act(r.Context(), s, page, v, form.token)
	switch {
	case err != nil:
		c.refused(w, r, s, page, v, err)
	case done.view != nil:
		if done.view.Status == 0 {
			done.view.Status = http.StatusUnprocessableEntity
		}
		c.show(w, r, s, page, *done.view, func(f *Frame) { f.Again = true })
	default:
		if done.note != "" {
			http.SetCookie(w, c.noted(s, done.note))
		}
		redirect(w, r, c.prefix+safeNext(done.to))
	}
}

// takeTime gives the form of a member who is signed in the time that photographs
// need on the connection of a phone: the server's own limits are for callbacks.
func takeTime(w http.ResponseWriter) {
	connection := http.NewResponseController(w)
	// Not every ResponseWriter has a connection with deadlines; the server's hold then.
	_ = connection.SetReadDeadline(time.Now().Add(uploadTime))
	_ = connection.SetWriteDeadline(time.Now().Add(uploadTime + pageTime))
}

// safeNext keeps a page's Next within the pages.
func safeNext(to string) string {
	u, err := url.Parse(to)
	if err != nil {
		return Root
	}
	return ownPage(u)
}

// sameOrigin refuses forms of other sites. Browsers that do not say where a
// form comes from are held by the token alone.
func (c *Console) sameOrigin(r *http.Request) bool {
	own := c.originFor(r)
	if origin := r.Header.Get("Origin"); origin != "" {
		return own != "" && strings.EqualFold(origin, own)
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin"
	}
	if from, err := url.Parse(r.Header.Get("Referer")); err != nil || from.Host != "" && !strings.EqualFold(from.Scheme+"://"+from.Host, own) {
		return false
	}
	return own != ""
}

// act runs the page's Post once per token. A token that was used leads where
// it led the first time.
func (c *Console) act(ctx context.Context, s *session, page *Page, form *Visit, token string) (outcome, error) {
	var done outcome
	err := c.o.Store.InTx(ctx, func(tx *store.Tx) error {
		done = outcome{}
		v := *form
		v.Tx, v.Reader, v.At = tx, &tx.Reader, tx.Now()
		hash := hashOf("form", token)
		to, used, err := tx.WebTokenUsed(hash)
		if err != nil {
			return err
		}
		if used {
			done = outcome{to: to, note: "刚才已经提交过了，没有重复提交。"}
			return nil
		}
		// He may have left since the page was asked for.
		if v.Member, err = tx.Member(s.MemberID); err != nil {
			return err
		}
		if err := c.standing(&tx.Reader, v.Member); err != nil {
			return err
		}
		next, err := c.permittedPost(&v, page)
		if err != nil {
			return err
		}
		if next.View != nil {
			done.view = next.View
			return errShown
		}
		done = outcome{to: next.To, note: next.Note}
		return tx.UseWebToken(hash, next.To)
	})
	if errors.Is(err, errShown) {
		err = nil
	}
	return done, err
}

func (c *Console) permittedPost(v *Visit, page *Page) (Next, error) {
	var next Next
	_, err := c.permitted(v, page, func(v *Visit) (view View, err error) {
		next, err = page.Post(v)
		return view, err
	})
	if err != nil || next.View != nil || page.Permission == chat.Everybody {
		return next, err
	}
	if uses, wants := c.o.Permits.(chat.Uses); wants {
		if err := uses.Used(v.Call("页面 "+page.Path), page.Permission); err != nil {
			return next, fmt.Errorf("use of %s: %w", page.Permission, err)
		}
	}
	return next, nil
}

// refused shows the page as it is now, with what was wrong above it.
func (c *Console) refused(w http.ResponseWriter, r *http.Request, s *session, page *Page, v *Visit, err error) {
	var denied chat.NoPermission
	var missing chat.NotFound
	text, worded := chat.Wording(err)
	if !worded || errors.As(err, &missing) {
		c.failed(w, r, s, err)
		return
	}
	again := *v
	again.Reader = c.o.Store.Reader(r.Context())
	again.At, again.Problem = again.Reader.Now(), text
	view, shown := c.permitted(&again, page, page.Get)
	if shown != nil || errors.As(err, &denied) {
		c.refuse(w, r, s, v, err)
		return
	}
	view.Status = http.StatusConflict
	view.Part = ""
	w.Header().Set("HX-Reswap", "none")
	c.show(w, r, s, page, view, func(f *Frame) { f.Problem, f.Again = text, true })
}

// posted is a form as it came in.
type posted struct {
	token  string
	values url.Values
	files  []upload // on disk, in no row yet
}

// read takes a form's body. Its token comes first and is checked before any
// file is kept.
func (c *Console) read(w http.ResponseWriter, r *http.Request, s *session) (posted, error) {
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && kind == "multipart/form-data":
		return c.readParts(w, r, s, parameters["boundary"])
	case err == nil && kind == "application/x-www-form-urlencoded":
	default:
		return posted{}, badForm()
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		return posted{}, unread(err)
	}
	form := posted{token: r.PostForm.Get(tokenField), values: r.PostForm}
	if !s.genuine(form.token) {
		return posted{}, staleForm()
	}
	form.values.Del(tokenField)
	return form, form.check()
}

func unread(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return tooLarge(fmt.Sprintf("这次提交超过了 %s 的上限。", size(large.Limit)))
	}
	return badForm()
}

// check refuses forms that no page of ours makes.
func (p posted) check() error {
	fields := 0
	for name, values := range p.values {
		fields += len(values)
		for _, value := range values {
			if len(name) > 200 || len(value) > maxValue {
				return tooLarge("有一栏的文字太长了。")
			}
		}
	}
	if fields > maxFields {
		return tooLarge("填写的项目太多了。")
	}
	for name, values := range p.values {
		for i, value := range values {
			p.values[name][i] = plain(value)
		}
	}
	return nil
}

// plain drops what no keyboard writes and gives line ends one form.
func plain(text string) string {
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\r\n", "\n"), "")
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, text)
}

package sandbox

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// BenchmarkSend is one message/send in a company of 5,000 members: the platform
// must not be what a load test measures.
func BenchmarkSend(b *testing.B) {
	o := DefaultOptions()
	o.Unlimited, o.Company = true, ExampleCompany()
	for i := range 5000 {
		m := *o.Company.Members["zhaoliu"]
		m.UserID = fmt.Sprintf("load%04d", i)
		o.Company.Members[m.UserID] = &m
	}
	p, err := New(o)
	if err != nil {
		b.Fatal(err)
	}
	p.st.Tokens["T"] = &accessToken{App: "assistant", Expires: time.Now().Add(time.Hour)}
	n := 0
	for b.Loop() {
		body := fmt.Sprintf(`{"touser":"load%04d","msgtype":"text","agentid":1000002,"text":{"content":"第 %d 条"},"enable_duplicate_check":1,"duplicate_check_interval":14400}`, n%5000, n)
		w := httptest.NewRecorder()
		p.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/cgi-bin/message/send?access_token=T", strings.NewReader(body)))
		if !strings.Contains(w.Body.String(), `"errcode":0`) {
			b.Fatal(w.Body)
		}
		n++
	}
}

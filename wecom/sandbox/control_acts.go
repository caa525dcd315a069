package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
)

// answerMove runs a move and answers 200, 400 (backwards), 504 (not quiet in time)
// or 500 (an app could not do its work).
func (p *Platform) answerMove(c *gin.Context, move func(context.Context) (MoveResult, error)) {
	res, err := move(c.Request.Context())
	status := http.StatusOK
	switch {
	case err == nil:
		c.JSON(status, res)
		return
	case errors.Is(err, ErrBackwards):
		status = http.StatusBadRequest
	case errors.Is(err, context.DeadlineExceeded):
		status = http.StatusGatewayTimeout
	default:
		status = http.StatusInternalServerError
	}
	c.AbortWithStatusJSON(status, struct {
		ControlError
		MoveResult
	}{ControlError{Error: err.Error(), Field: ""}, res})
}

func (p *Platform) listFaults(c *gin.Context) {
	c.JSON(http.StatusOK, gin.H{"faults": p.faults.list()})
}

// dropKind is true, "answer" or "request".
type dropKind string

func (d *dropKind) UnmarshalJSON(raw []byte) error {
	switch string(raw) {
	case "true", `"answer"`:
		*d = "answer"
	case `"request"`:
		*d = "request"
	case "false", "null":
	default:
		return errors.New(`must be true, "answer" or "request"`)
	}
	return nil
}

// delayText is a duration text, or a number of seconds.
type delayText string

func (d *delayText) UnmarshalJSON(raw []byte) error {
	var seconds float64
	var text string
	if json.Unmarshal(raw, &seconds) == nil {
		text = time.Duration(seconds * float64(time.Second)).String()
	} else if json.Unmarshal(raw, &text) != nil {
		return errors.New(`must be a duration such as "3s"`)
	}
	if v, err := time.ParseDuration(text); err != nil || v <= 0 || v > 5*time.Minute {
		return errors.New(`must be a duration such as "3s", at most 5m`)
	}
	*d = delayText(text)
	return nil
}

func (p *Platform) addFault(c *gin.Context) {
	var in struct {
		API           string
		ErrCode, HTTP int
		Delay         delayText
		Drop          dropKind
		Times         *int
	}
	if !readControl(c, &in, controlBody) {
		return
	}
	f := Fault{API: apiName(in.API), ErrCode: in.ErrCode, HTTP: in.HTTP, Delay: string(in.Delay), Drop: string(in.Drop), Times: 1}
	if in.Times != nil {
		f.Times = *in.Times
	}
	effects := tick(f.ErrCode != 0) + tick(f.HTTP != 0) + tick(f.Drop != "")
	switch {
	case f.API == "":
		refuse(c, http.StatusBadRequest, "api", `is missing: a path such as message/send, or "*"`)
	case f.API != "*" && p.endpoints()[f.API].method == "":
		refuse(c, http.StatusBadRequest, "api", fmt.Sprintf("no interface %q", cutBytes(f.API, 64)))
	case effects > 1:
		refuse(c, http.StatusBadRequest, "errcode", "give one of errcode, http and drop")
	case effects == 0 && f.Delay == "":
		refuse(c, http.StatusBadRequest, "errcode", "give errcode, http, delay or drop")
	case f.HTTP != 0 && (f.HTTP < 300 || f.HTTP > 599):
		refuse(c, http.StatusBadRequest, "http", "must be within 300 and 599")
	case f.Times < -1 || f.Times == 0 || f.Times > 1_000_000:
		refuse(c, http.StatusBadRequest, "times", "must be 1 to 1000000, or -1 for every call")
	default:
		if _, ok := p.faults.add(f); !ok {
			refuse(c, http.StatusBadRequest, "", fmt.Sprintf("there are %d faults already: delete some", faultLimit))
			return
		}
		p.stream.send(StreamHint{Type: "faults"})
		p.listFaults(c)
	}
}

func (p *Platform) removeFaults(c *gin.Context) {
	var in struct{ ID looseID }
	if !readControl(c, &in, controlBody) {
		return
	}
	if p.faults.remove(int64(in.ID)) == 0 && in.ID != 0 {
		refuse(c, http.StatusNotFound, "id", "no such fault")
		return
	}
	p.stream.send(StreamHint{Type: "faults"})
	p.listFaults(c)
}

// redeliver sends a callback again, as a platform that missed the answer would.
func (p *Platform) redeliver(c *gin.Context) {
	var in struct {
		DeliveryID looseID
		Times      *int
		Concurrent bool
	}
	if !readControl(c, &in, controlBody) {
		return
	}
	times := 1
	if in.Times != nil {
		times = *in.Times
	}
	d := p.deliveries.find(int64(in.DeliveryID))
	switch {
	case d == nil:
		refuse(c, http.StatusBadRequest, "delivery_id", "no such delivery, or too old")
		return
	case times < 1 || times > 1000:
		refuse(c, http.StatusBadRequest, "times", "must be within 1 and 1000")
		return
	}
	results := make([]PressResult, times)
	var failed error
	one := func(i int) error {
		first, err := p.deliver(d)
		if err != nil {
			return err
		}
		select {
		case results[i] = <-first:
			return nil
		case <-c.Request.Context().Done():
			return c.Request.Context().Err()
		}
	}
	if in.Concurrent {
		var wg sync.WaitGroup
		errs := make([]error, times)
		for i := range times {
			wg.Go(func() { errs[i] = one(i) })
		}
		wg.Wait()
		failed = errors.Join(errs...)
	} else {
		for i := range times {
			if failed = one(i); failed != nil {
				break
			}
		}
	}
	if failed != nil {
		refuse(c, http.StatusTooManyRequests, "", failed.Error())
		return
	}
	c.JSON(http.StatusOK, gin.H{"deliveries": results})
}

func (p *Platform) showTraffic(c *gin.Context) {
	if after, ok := queryAfter(c); ok {
		c.JSON(http.StatusOK, gin.H{"items": p.Traffic(after)})
	}
}

package stories

import (
	"encoding/json"
	"strings"
	"testing"
)

// A citizen registers, asks for the confirmation of a firm, and comes back as its handler.
func TestANewFirmComesOnBoard(t *testing.T) {
	engines(t, func(w *world) {
		g := w.guest()
		status, b := g.call("POST", "/api/registration", form{"user": "newfirm", "password": "Xin-2026-firm", "name": "任新川",
			"phone": "13900001111", "idCard": "140602199001011236"}, nil)
		if status != 201 {
			t.Fatalf("register: %d %s", status, b)
		}
		g.user = "newfirm"
		g.signIn("newfirm", "Xin-2026-firm")
		var me struct{ Desks []struct{ ID, Role string } }
		g.get("/api/me", &me)
		if len(me.Desks) != 1 || me.Desks[0].Role != "person" {
			t.Fatalf("a new person has the desks %+v", me.Desks)
		}
		var list struct {
			Items []struct {
				ID        string
				Startable bool
			}
		}
		g.get("/api/procedures", &list)
		for _, p := range list.Items {
			if p.Startable != (p.ID == "p04_subject" || p.ID == "p04_join") {
				t.Errorf("%s startable: %v", p.ID, p.Startable)
			}
		}
		// A case that is not theirs is not there.
		status, b = g.call("GET", "/api/cases/SZ-RZ-2026-000001-X", nil, nil)
		if status != 404 {
			t.Fatalf("%d %s", status, b)
		}
		w.end()
	})
}

func TestForeignersAndForgersGetNothing(t *testing.T) {
	engines(t, func(w *world) {
		g := w.guest()
		for _, path := range []string{"/api/me", "/api/cases", "/api/procedures", "/api/registers", "/api/log", "/api/leader", "/api/messages"} {
			if status, b := g.call("GET", path, nil, nil); status != 401 || !strings.Contains(string(b), "sign_in.required") {
				t.Errorf("%s without sign-in: %d %s", path, status, b)
			}
		}
		if status, _ := g.call("GET", "/api/no/such/route", nil, nil); status != 404 {
			t.Errorf("an unknown route: %d", status)
		}
		for range 6 {
			g.call("POST", "/api/session", form{"user": "data2", "password": "wrong"}, nil)
		}
		status, b := g.call("POST", "/api/session", form{"user": "data2", "password": "Pado-2026-demo"}, nil)
		var p struct{ Code string }
		if err := json.Unmarshal(b, &p); err != nil || status != 423 || p.Code != "sign_in.locked" {
			t.Errorf("after six wrong passwords: %d %s", status, b)
		}
		w.end()
	})
}

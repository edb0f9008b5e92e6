package connector

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Policy lists what the platform may reach (出网白名单). The zero Policy lists nothing.
type Policy struct{ rules []rule }

type rule struct {
	prefix netip.Prefix // valid, or
	host   string       // a name in lower case
	port   string       // empty = any
}

// ParsePolicy reads entries separated by commas or blanks: an address, a network in CIDR or a
// host's name, each with a port behind a colon or without: 10.1.0.0/16:5432, db.example.cn,
// [::1]:22. The error names the entry.
func ParsePolicy(text string) (Policy, error) {
	var p Policy
	for _, e := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' || r == ';' }) {
		var r rule
		where := e
		if i := strings.LastIndexByte(e, ':'); i >= 0 && (strings.Count(e, ":") == 1 || strings.HasPrefix(e, "[")) && !strings.HasSuffix(e, "]") {
			where, r.port = e[:i], e[i+1:]
			if _, err := strconv.ParseUint(r.port, 10, 16); err != nil {
				return p, fmt.Errorf("外联白名单中“%s”的端口不正确", e)
			}
		}
		where = strings.Trim(where, "[]")
		if a, err := netip.ParseAddr(where); err == nil {
			r.prefix = netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen())
		} else if n, err := netip.ParsePrefix(where); err == nil {
			r.prefix = n.Masked()
		} else if hostShape.MatchString(where) {
			r.host = strings.ToLower(where)
		} else {
			return p, fmt.Errorf("外联白名单中的“%s”不是地址、网段或主机名", e)
		}
		p.rules = append(p.rules, r)
	}
	return p, nil
}

var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// special are addresses that lead back into the machine or to what a cloud tells its machines.
func special(a netip.Addr) bool {
	if b := a.As16(); a.Is6() && nat64.Contains(a) { // the network turns it into the address it holds
		return special(netip.AddrFrom4([4]byte(b[12:])))
	}
	if a.Is4() && a.As4()[0] == 0 {
		return true
	}
	return a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsLinkLocalMulticast() || a.IsMulticast() || a.IsUnspecified() ||
		a == netip.AddrFrom4([4]byte{100, 100, 100, 200}) || a == netip.MustParseAddr("fd00:ec2::254")
}

func (p Policy) allows(host, port string, a netip.Addr) bool {
	a = a.Unmap()
	for _, r := range p.rules {
		if r.port != "" && r.port != port {
			continue
		}
		switch {
		case r.host != "":
			if strings.EqualFold(r.host, host) && !special(a) {
				return true
			}
		case r.prefix.Contains(a):
			// A wide network does not include the special ones; an entry of their own does.
			if !special(a) || special(r.prefix.Addr()) && !r.prefix.Addr().IsUnspecified() {
				return true
			}
		}
	}
	return false
}

// dial reaches an address that the policy lists; the address that was checked is the one dialled.
func (p Policy) dial(ctx context.Context, timeout time.Duration, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fault("connect.spec", "address", "地址的形式应为 主机:端口")
	}
	var addrs []netip.Addr
	if a, err := netip.ParseAddr(host); err == nil {
		addrs = []netip.Addr{a}
	} else if addrs, err = net.DefaultResolver.LookupNetIP(ctx, "ip", host); err != nil {
		return nil, &Error{Code: "connect.name", Field: "address", Message: "解析不到该主机名，请检查地址", Retry: true, cause: err}
	}
	d := net.Dialer{Timeout: timeout}
	var last error = fault("connect.blocked", "address", "该地址不在平台的外联白名单内，请联系系统管理员开通")
	for _, a := range addrs {
		if !p.allows(host, port, a) {
			continue
		}
		conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(a.Unmap().String(), port))
		if err == nil {
			return conn, nil
		}
		last = err
	}
	return nil, last
}

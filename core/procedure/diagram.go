package procedure

import (
	"fmt"
	"io"
	"strings"
)

// WriteDiagrams writes for people who do not read code, as Markdown: per procedure its clause, who
// does what in which state, and the states as a Mermaid diagram. Nothing in it is written by hand.
func WriteDiagrams(w io.Writer, list []*Procedure) error {
	var b strings.Builder
	b.WriteString("# 事项一览：环节、角色、状态图\n\n由程序中的声明生成（`pado plan procedures`），不手工修改。通用办理（撤回以外的转办、催办、抄送、意见、附件等）各事项都有，不重复列出。\n")
	for _, p := range list {
		p.derive()
		fmt.Fprintf(&b, "\n## %s（%s）\n\n条款 %s · 编号前缀 %s · 分组 %s\n\n| 环节 | 办理方 | 时限 | 可办理 |\n|---|---|---|---|\n", p.Title, p.ID, p.Plan.ID, p.Prefix, p.Group)
		for _, s := range p.States {
			var acts []string
			for i := range p.Steps {
				if st := &p.Steps[i]; has(st.From, s.ID) {
					acts = append(acts, RoleLabel(st.By)+"："+st.Label)
				}
			}
			owes := "—"
			if s.Owes != "" {
				owes = RoleLabel(s.Owes)
			}
			within := "—"
			if s.Within != "" {
				within = "`" + s.Within + "`"
			}
			if s.Final {
				owes = "（终结）"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", s.Label, owes, within, strings.Join(acts, "；"))
		}
		fmt.Fprintf(&b, "\n```mermaid\n%s```\n", p.Diagram())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

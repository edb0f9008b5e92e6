package portal

// css is the whole style of the public pages: system fonts, no scripts, prints black on white.
const css = `
:root{--ink:#1f2329;--mute:#595f69;--line:#d5dbe3;--blue:#1351b4;--pale:#eef3fb;--bad:#c00000;--ok:#0b6b3a}
*{box-sizing:border-box}
html{font-family:"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;color:var(--ink);line-height:1.7;font-size:16px}
body{margin:0;background:#fff}
a{color:var(--blue)}a:focus-visible,input:focus-visible,button:focus-visible,select:focus-visible{outline:3px solid #f5a623;outline-offset:2px}
.skip{position:absolute;left:-9999px}.skip:focus{left:1rem;top:.5rem;background:#fff;padding:.3rem .8rem;z-index:9}
header{background:var(--blue);color:#fff}
.in{max-width:1120px;margin:0 auto;padding:0 1rem}
header .in{display:flex;flex-wrap:wrap;align-items:center;gap:.4rem 2rem;padding-top:.9rem;padding-bottom:.7rem}
header .name{font-size:1.35rem;font-weight:600;color:#fff;text-decoration:none;letter-spacing:.02em}
nav{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;flex:1 1 20rem}
nav a{color:#fff;text-decoration:none;white-space:nowrap;padding:.25rem 0;border-bottom:2px solid transparent}nav a:hover{border-color:#fff}
.demo{background:#fff4d6;color:#5c4300;text-align:center;font-size:.9rem;padding:.25rem 1rem}
main{padding:1.5rem 0 3rem;min-height:60vh}
h1{font-size:1.5rem;margin:.2rem 0 1rem;line-height:1.35}h2{font-size:1.15rem;margin:2rem 0 .6rem;border-left:4px solid var(--blue);padding-left:.6rem}
.mute{color:var(--mute);font-size:.9rem}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:1rem;margin:0;padding:0;list-style:none}
.card{border:1px solid var(--line);padding:1rem 1.1rem;background:var(--pale)}
.card strong{display:block;font-size:2rem;line-height:1.2;color:var(--blue);font-variant-numeric:tabular-nums}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr));gap:0 2rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.95rem}
caption{text-align:left;color:var(--mute);padding:.3rem 0}
th,td{border:1px solid var(--line);padding:.45rem .6rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{background:var(--pale);font-weight:600;white-space:nowrap}td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.c,.code{font-family:ui-monospace,Consolas,monospace;font-size:.9em}
ul.lines{list-style:none;margin:0;padding:0}ul.lines li{border-bottom:1px dashed var(--line);padding:.5rem 0;display:flex;gap:1rem;justify-content:space-between;align-items:baseline}
.tag{display:inline-block;border:1px solid var(--blue);color:var(--blue);padding:0 .4rem;font-size:.85rem;margin-right:.4rem;white-space:nowrap}
form.find{display:flex;flex-wrap:wrap;gap:.6rem;margin:0 0 1rem;align-items:end}
form.find label{display:flex;flex-direction:column;font-size:.9rem;color:var(--mute)}
input,select,button{font:inherit;padding:.4rem .7rem;border:1px solid #8a94a3;border-radius:2px;min-width:0}
input[type=search]{width:min(22rem,80vw)}
button{background:var(--blue);border-color:var(--blue);color:#fff;cursor:pointer}
dl{display:grid;grid-template-columns:minmax(7rem,14rem) 1fr;border-top:1px solid var(--line);margin:0}
dt,dd{margin:0;padding:.45rem .6rem;border-bottom:1px solid var(--line);overflow-wrap:anywhere}dt{background:var(--pale);color:var(--mute)}
.result{border:2px solid var(--ok);padding:1rem 1.2rem;margin:1rem 0}.result.no{border-color:var(--bad)}
.pager{display:flex;gap:1.5rem;margin-top:1rem}
pre{background:#f6f7f9;padding:.8rem;overflow-x:auto;border:1px solid var(--line);white-space:pre-wrap;overflow-wrap:anywhere}
footer{border-top:1px solid var(--line);background:#f6f7f9;font-size:.9rem;color:var(--mute)}footer .in{padding:1.2rem 1rem;display:flex;flex-wrap:wrap;gap:.3rem 1.5rem}
@media(max-width:640px){dl{grid-template-columns:1fr}dt{border-bottom:0;padding-bottom:0}.two{grid-template-columns:1fr}h1{font-size:1.3rem}ul.lines li{flex-direction:column;gap:.1rem}}
@media print{header,footer,form,.pager,.demo,.skip{display:none}main{padding:0}a{color:inherit;text-decoration:none}}
`

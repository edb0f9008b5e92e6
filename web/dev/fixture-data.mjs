// What the development server answers with: an invented city with a handful of cases.
const clause = (id, title) => ({ id, title })
export const problem = (status, code, detail, more = {}) => ({ type: `/help/errors#${code}`, title: String(status), status, code, detail, number: 'R7K2-94QF', ...more })

export const me = {
  person: { id: 'p1', name: '张敏' },
  desks: [
    { id: 'd1', role: 'developer', roleLabel: '开发主体', org: { id: 'o5', name: '恒远科技有限公司', division: '140600' } },
    { id: 'd2', role: 'operator', roleLabel: '运营机构', org: { id: 'o2', name: '明川数据运营有限公司', division: '140600' } },
  ],
  menu: [
    { key: 'work', label: '工作台', icon: 'work', children: [{ key: 'todo', label: '待办', path: '/work?tab=todo' }, { key: 'done', label: '已办', path: '/work?tab=done' }, { key: 'leader', label: '督办一览', path: '/leader' }] },
    { key: 'permit', label: '授权管理', icon: 'agreement', children: [{ key: 'agreements', label: '协议', path: '/registers/agreements' }, { key: 'schemes', label: '实施方案', path: '/registers/schemes' }] },
    { key: 'supply', label: '目录与供给', icon: 'catalogue', children: [{ key: 'catalogue', label: '授权目录', path: '/registers/catalogue' }, { key: 'supplyx', label: '供给协调', path: '/registers/supply' }] },
    { key: 'dev', label: '场景与沙箱', icon: 'sandbox', children: [{ key: 'p1', label: '沙箱 SB-2026-0003', path: '/projects/SB-2026-0003' }, { key: 'products', label: '数据产品', path: '/registers/products' }] },
    { key: 'money', label: '价格收益', icon: 'money', children: [{ key: 'tariffs', label: '收费标准', path: '/registers/tariffs' }] },
  ],
  counts: { todo: 9, overdue: 2, messages: 3 },
  city: { code: '140600', name: '明川市', platform: '公共数据授权运营平台' },
  demo: true,
  businessTime: '2026-11-23T10:20:00+08:00',
  mustChangePassword: false,
  watermark: '张敏 zhangmin',
}

const itemFields = [
  { name: 'catalogue', label: '目录项', kind: 'ref', source: '/api/choices/catalogue', required: true },
  { name: 'fields', label: '数据项', kind: 'text', required: true, max: 200 },
  { name: 'frequency', label: '更新频率', kind: 'choice', options: [{ value: 'day', label: '每日' }, { value: 'month', label: '每月' }, { value: 'year', label: '每年' }, { value: 'once', label: '一次' }, { value: 'live', label: '实时' }] },
  { name: 'fee', label: '预计费用', kind: 'money' },
]
const fields = [
  { name: 'title', label: '需求名称', kind: 'text', required: true, max: 60, clause: '6.3.2', section: '基本情况' },
  { name: 'scenario', label: '应用场景', kind: 'ref', source: '/api/choices/scenario', required: true, section: '基本情况', help: '只能选择已通过论证的场景' },
  { name: 'purpose', label: '使用目的', kind: 'longtext', required: true, max: 2000, clause: '6.3.2', section: '基本情况' },
  { name: 'personal', label: '是否涉及个人信息', kind: 'bool', required: true, clause: '10.5', section: '基本情况' },
  { name: 'basis', label: '处理个人信息的依据', kind: 'choice', required: true, showIf: { field: 'personal', in: ['true'] }, options: [{ value: 'consent', label: '个人同意' }, { value: 'duty', label: '履行法定职责' }, { value: 'anonymous', label: '匿名化后使用' }], section: '基本情况' },
  { name: 'items', label: '所需数据', kind: 'table', required: true, rows: itemFields, section: '数据与用量', clause: '7.2' },
  { name: 'records', label: '预计规模', kind: 'integer', unit: '条', min: 1, section: '数据与用量' },
  { name: 'term', label: '使用期限', kind: 'integer', unit: '个月', min: 1, max: 36, required: true, section: '数据与用量' },
  { name: 'start', label: '开始日期', kind: 'date', required: true, section: '数据与用量' },
  { name: 'budget', label: '经费', kind: 'money', section: '数据与用量' },
  { name: 'share', label: '自筹比例', kind: 'percent', section: '数据与用量' },
  { name: 'ways', label: '使用方式', kind: 'choices', required: true, options: [{ value: 'sandbox', label: '沙箱分析' }, { value: 'api', label: '接口核验' }, { value: 'model', label: '联合建模' }], section: '数据与用量' },
  { name: 'contact', label: '联系电话', kind: 'phone', section: '联系与材料' },
  { name: 'uscc', label: '统一社会信用代码', kind: 'uscc', section: '联系与材料' },
  { name: 'plan', label: '实施计划', kind: 'files', section: '联系与材料' },
]
const sectionsOf = () => ['基本情况', '数据与用量', '联系与材料'].map((title) => ({ kind: 'fields', title, fields: fields.filter((f) => f.section === title).map((f) => f.name) }))
const states = [
  { id: 'draft', label: '草稿', owner: 'developer', ownerLabel: '开发主体', terminal: false },
  { id: 'review', label: '待运营机构审核', owner: 'operator', ownerLabel: '运营机构', within: { key: 'demand.review', days: 10, unit: 'working_day', source: '实施方案 6.3' }, terminal: false },
  { id: 'coordination', label: '待数据管理部门协调', owner: 'authority', ownerLabel: '实施机构', within: { key: 'demand.coordination', days: 5, unit: 'working_day', source: '实施方案 6.3' }, terminal: false },
  { id: 'granted', label: '已同意', terminal: true },
  { id: 'refused', label: '不予同意', terminal: true },
]
const steps = [
  { action: 'submit', label: '提交', by: 'developer', byLabel: '开发主体', from: ['draft'], to: 'review', clause: clause('6.3.2', '数据需求') },
  { action: 'grant', label: '同意', by: 'operator', byLabel: '运营机构', from: ['review', 'coordination'], to: 'granted', clause: clause('6.3.2', '数据需求') },
  { action: 'refuse', label: '不予同意', by: 'operator', byLabel: '运营机构', from: ['review'], to: 'refused', clause: clause('6.3.2', '数据需求') },
  { action: 'refer', label: '提请协调', by: 'operator', byLabel: '运营机构', from: ['review'], to: 'coordination', clause: clause('11.1', '协调') },
  { action: 'answer', label: '协调答复', by: 'authority', byLabel: '实施机构', from: ['coordination'], to: 'review', clause: clause('11.1', '协调') },
]
export const procedures = [
  { id: 'p06_3a_scenario', title: '应用场景申报', clause: clause('6.3.1', '应用场景'), group: '开发与使用', startable: true, startAs: ['d1'] },
  { id: 'p06_3b_demand', title: '数据需求申请与审核', clause: clause('6.3.2', '数据需求'), group: '开发与使用', startable: true, startAs: ['d1', 'd2'] },
  { id: 'p06_3c_output', title: '结果出域审查', clause: clause('6.3.3', '出域审查'), group: '开发与使用', startable: false, why: '须先有已开通的沙箱项目' },
  { id: 'p06_1a_scheme', title: '编制实施方案', clause: clause('6.1.1', '实施方案'), group: '授权与协议', startable: false, why: '由实施机构发起' },
  { id: 'p08_renewal', title: '续期', clause: clause('8', '期限与续期'), group: '授权与协议', startable: false, why: '距到期超过 6 个月，窗口尚未打开' },
  { id: 'p10_3c_tariff', title: '收费标准备案', clause: clause('10.3', '价格'), group: '价格与收益', startable: true, startAs: ['d2'] },
]
const detail = (p, kind = 'ordinary') => ({ id: p.id, title: p.title, clause: p.clause, kind, states, steps, fields })
export const procedureDetails = Object.fromEntries(procedures.map((p) => [p.id, detail(p, p.id === 'p10_3c_tariff' ? 'filing' : 'ordinary')]))

export const choices = {
  scenario: [{ value: 's1', label: '普惠金融企业画像', hint: 'CJ-2026-0012' }, { value: 's2', label: '医保商保直赔', hint: 'CJ-2026-0009' }],
  catalogue: [{ value: 'c1', label: '企业登记信息', hint: '市市场监管局' }, { value: 'c2', label: '纳税信用等级', hint: '市税务局' }, { value: 'c3', label: '用电量月度汇总', hint: '市能源局' }],
  colleagues: [{ value: 'p2', label: '王强' }, { value: 'p3', label: '李㛃' }],
  orgs: [{ value: 'o1', label: '市数据局' }, { value: 'o3', label: '市发展改革委' }],
}

const form = {
  title: '普惠金融企业画像数据需求', scenario: 's1', purpose: '为中小微企业授信提供经营稳定性评分，只使用企业维度数据。\n评分结果仅反馈合作银行，不提供原始数据。', personal: false,
  items: [{ catalogue: 'c1', fields: '统一社会信用代码、成立日期、注册资本、状态', frequency: 'day', fee: '12000.00' }, { catalogue: 'c2', fields: '信用等级、评价年度', frequency: 'year', fee: '3500.50' }],
  records: 86000, term: 12, start: '2026-12-01', budget: '1250000.00', share: 6250, ways: ['sandbox', 'api'], contact: '13800138000', uscc: '91140600MA0GTBLC0X',
}
const offer = (action, label, more = {}) => ({ action, label, as: 'd1', kind: 'step', style: 'default', needsOpinion: false, irreversible: false, clause: clause('6.3.2', '数据需求'), fields: [], edits: false, backfill: false, allowed: true, ...more })
const common = [
  offer('urge', '催办', { kind: 'common' }),
  offer('comment', '意见', { kind: 'common', needsOpinion: true }),
  offer('attach', '补充附件', { kind: 'common' }),
  offer('assign', '转办', { kind: 'common', needsOpinion: true, fields: [{ name: 'person', label: '转给', kind: 'ref', source: '/api/choices/colleagues', required: true }] }),
  offer('supervise', '督办', { kind: 'common', needsOpinion: true }),
]
const phases = (current) => {
  const list = [['draft', '草稿', '张敏', '2026-11-12T09:30:00+08:00'], ['review', '待运营机构审核', '王强', '2026-11-13T15:02:00+08:00'], ['granted', '已同意']]
  const at = list.findIndex((x) => x[0] === current)
  return list.map(([id, label, by, when], i) => ({ id, label, status: i < at ? 'done' : i === at ? 'current' : 'future', ...(i <= at ? { by, at: when } : {}) }))
}
const event = (n, at, name, org, action, label, from, to, toLabel, more = {}) => ({ n, at, actor: { name, org }, action, label, from, to, toLabel, clause: '6.3.2', elapsed: n === 1 ? 0 : 1, seq: 880 + n, result: 'done', ...more })
const attachment = { id: 'a1', name: '实施计划（盖章）.pdf', size: 482113, sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', media: 'application/pdf', by: '张敏', at: '2026-11-12T09:41:00+08:00' }
const base = {
  procedure: { id: 'p06_3b_demand', title: '数据需求申请与审核', clause: clause('6.3.2', '数据需求'), kind: 'ordinary' }, revision: 3, etag: '3', tenant: '140600', backfill: false, urged: 0,
  org: { id: 'o5', name: '恒远科技有限公司' }, ownerLabel: '明川数据运营有限公司', since: '2026-11-13T15:02:00+08:00', updated: '2026-11-20T11:02:00+08:00', fields,
  parties: [{ role: 'developer', roleLabel: '开发主体', org: { id: 'o5', name: '恒远科技有限公司' }, person: '张敏' }, { role: 'operator', roleLabel: '运营机构', org: { id: 'o2', name: '明川数据运营有限公司' } }],
  attachments: [], documents: [], proof: { seq: 884, url: '/api/log/proof/884' },
}
const due = (level, remaining, elapsed) => ({ at: '2026-11-27T00:00:00+08:00', label: '2026-11-26 24:00', level, remaining, elapsed, total: 10, unit: 'working_day', source: '实施方案 6.3' })
export const cases = [
  {
    ...base, no: 'XQ-2026-0041', title: '普惠金融企业画像数据需求', state: { id: 'draft', label: '草稿', terminal: false }, form: { ...form }, due: null, ownerLabel: '恒远科技有限公司', phases: phases('draft'), sections: sectionsOf(),
    history: [event(1, '2026-11-12T09:30:00+08:00', '张敏', '恒远科技有限公司', 'start', '发起', '', 'draft', '草稿')],
    offers: [offer('submit', '提交', { style: 'primary', edits: true }), offer('void', '作废', { kind: 'common', style: 'danger', needsOpinion: true, irreversible: true, consequence: '事项作废后不能恢复，编号不再使用，记录保留备查' }), ...common.slice(1, 3)],
    attachments: [attachment],
  },
  {
    ...base, no: 'XQ-2026-0038', title: '医保商保直赔数据需求（二期）', state: { id: 'review', label: '待运营机构审核', terminal: false }, form: { ...form, title: '医保商保直赔数据需求（二期）', personal: true, basis: 'consent', scenario: 's2' }, due: due('soon', 2, 6), phases: phases('review'), urged: 2, attachments: [attachment],
    sections: [
      ...sectionsOf(),
      { kind: 'difference', title: '补正后的变化', clause: '6.3.2', rows: [{ label: '使用期限', before: '24 个月', after: '12 个月' }, { label: '是否涉及个人信息', before: false, after: true }] },
      { kind: 'table', title: '目录核对', clause: '7.2', columns: [{ key: 'name', label: '目录项', kind: 'text', primary: true }, { key: 'level', label: '分级', kind: 'tag' }, { key: 'ok', label: '核对', kind: 'text' }, { key: 'fee', label: '费用', kind: 'money' }, { key: 'share', label: '占比', kind: 'percent' }], rows: [{ name: { text: '企业登记信息', href: '/registers/catalogue/c1' }, level: '2 级', ok: { text: '在授权目录内', tone: 'ok' }, fee: '12000', share: 7742 }, { name: '纳税信用等级', level: '3 级', ok: { text: '超出授权范围', tone: 'bad' }, fee: '3500.5', share: 2258 }] },
      { kind: 'chart', title: '近六个月用量', columns: [{ key: 'm', label: '月份', kind: 'text' }, { key: 'calls', label: '调用次数', kind: 'int' }, { key: 'failed', label: '失败次数', kind: 'int' }], rows: [['6月', 1200, 10], ['7月', 1430, 22], ['8月', 1390, 8], ['9月', 1800, 12], ['10月', 2100, 9], ['11月', 1500, 3]].map(([m, calls, failed]) => ({ m, calls, failed })) },
      { kind: 'panel', panel: 'calculation', title: '费用计算过程', items: [{ label: '资源使用费', value: '12000.00 元', clause: '10.4' }, { label: '运营服务费', value: '3500.50 元', clause: '10.3' }, { label: '合计', value: '15500.50 元' }] },
      { kind: 'panel', panel: 'cartogram', title: '各县区使用量', columns: [{ key: 'n', label: '县区', kind: 'text' }, { key: 'v', label: '次', kind: 'int' }], rows: [['东城区', 320], ['西城区', 210], ['南山县', 90], ['北原县', 44], ['临河县', 130], ['明水市', 260]].map(([n, v]) => ({ n, v })) },
      { kind: 'panel', panel: 'from_the_future', title: '新内容' },
      { kind: 'hologram', title: '未知类型' },
      { kind: 'document', title: '审核意见书' },
    ],
    history: [
      event(1, '2026-11-12T09:30:00+08:00', '张敏', '恒远科技有限公司', 'start', '发起', '', 'draft', '草稿'),
      event(2, '2026-11-12T10:02:00+08:00', '张敏', '恒远科技有限公司', 'submit', '提交', 'draft', 'review', '待运营机构审核', { attachments: [attachment] }),
      event(3, '2026-11-13T09:10:00+08:00', '王强', '明川数据运营有限公司', 'return', '退回', 'review', 'draft', '草稿', { opinion: '使用期限偏长，且未说明是否涉及个人信息，请补正。' }),
      event(4, '2026-11-13T15:02:00+08:00', '张敏', '恒远科技有限公司', 'submit', '提交', 'draft', 'review', '待运营机构审核', { changed: [{ field: 'term', label: '使用期限', before: 24, after: 12 }, { field: 'personal', label: '是否涉及个人信息', before: false, after: true }] }),
    ],
    offers: [
      offer('grant', '同意', { style: 'primary', as: 'd2', fields: [{ name: 'until', label: '许可截止日期', kind: 'date', required: true }, { name: 'limit', label: '每日上限', kind: 'integer', unit: '次', min: 1 }] }),
      offer('refuse', '不予同意', { style: 'danger', as: 'd2', needsOpinion: true, irreversible: true, consequence: '事项办结，开发主体须重新申请。' }),
      offer('refer', '提请协调', { as: 'd2', needsOpinion: true, allowed: false, refusal: { code: 'demand.refer.early', clause: clause('11.1', '协调'), message: '审核满 5 个工作日仍不能确定的，才能提请协调；现为第 4 个工作日。' } }),
      ...common,
    ],
    documents: [{ kind: 'opinion', title: '审核意见书', formats: ['html', 'pdf', 'docx'] }],
    chain: { org: 'o2', step: 'grant', label: '同意', stage: 'review', stages: [{ stage: 'draft', label: '拟办', by: 'p4', name: '王强', at: '2026-11-20T10:00:00+08:00', opinion: '材料齐全，拟同意' }, { stage: 'review', label: '审核', person: 'p5', name: '赵䶮' }, { stage: 'sign', label: '签发' }] },
  },
  {
    ...base, no: 'XQ-2026-0029', title: '公交客流预测数据需求', state: { id: 'review', label: '待运营机构审核', terminal: false }, form: { ...form, title: '公交客流预测数据需求' }, due: due('overdue', -3, 13), phases: phases('review'), urged: 3, sections: sectionsOf(),
    history: [event(1, '2026-11-02T09:30:00+08:00', '张敏', '恒远科技有限公司', 'submit', '提交', 'draft', 'review', '待运营机构审核')], offers: [...common],
  },
  {
    ...base, no: 'XQ-2026-0020', title: '土地出让公告数据需求', state: { id: 'granted', label: '已同意', terminal: true }, form: { ...form, title: '土地出让公告数据需求' }, due: null, phases: phases('granted'), backfill: true, ownerLabel: '', sections: sectionsOf(),
    history: [event(1, '2026-09-02T09:30:00+08:00', '张敏', '恒远科技有限公司', 'submit', '提交', 'draft', 'review', '待运营机构审核')], offers: [],
  },
  ...Array.from({ length: 24 }, (_, i) => ({
    ...base, no: `XQ-2027-${String(i + 1).padStart(4, '0')}`, title: `第 ${i + 1} 号数据需求：供水、供气、供热用量与人口流动的月度关联分析`, state: { id: 'coordination', label: '待数据管理部门协调', terminal: false }, form: { ...form }, ownerLabel: '市数据局',
    due: i % 7 === 3 ? { label: '待公布（2027 年节假日安排）', level: 'unresolved', remaining: 0, elapsed: 4, unit: 'working_day', source: '实施方案 6.3' } : due(i % 9 === 1 ? 'overdue' : 'ok', i % 9 === 1 ? -1 - i : 8, 2), phases: phases('review'), sections: sectionsOf(), history: [], offers: [...common],
  })),
]

const columns = [
  { key: 'code', label: '编码', kind: 'code' }, { key: 'name', label: '名称', kind: 'text', primary: true, width: 200 }, { key: 'unit', label: '单位', kind: 'text' }, { key: 'level', label: '分级', kind: 'tag' },
  { key: 'fields', label: '数据项', kind: 'int' }, { key: 'price', label: '价格（元）', kind: 'money' }, { key: 'share', label: '质量', kind: 'percent' }, { key: 'at', label: '更新日期', kind: 'date' }, { key: 'state', label: '状态', kind: 'tag' },
]
const register = (id, title, group, n) => ({
  id, title, group, clause: clause('7.2', '授权目录'), columns, total: n,
  filters: [{ key: 'level', label: '分级', options: [{ value: '1', label: '1 级', count: 12 }, { value: '2', label: '2 级', count: 31 }] }, { key: 'unit', label: '单位', options: [{ value: 'o1', label: '市市场监管局', count: 8 }] }],
  rows: Array.from({ length: n }, (_, i) => ({ key: `c${i + 1}`, cells: { code: `ML-1406-${String(i + 1).padStart(4, '0')}`, name: ['企业登记信息', '纳税信用等级', '用电量月度汇总', '公交刷卡记录'][i % 4] + (i > 3 ? `（${i}）` : ''), unit: ['市市场监管局', '市税务局', '市能源局'][i % 3], level: `${(i % 3) + 1} 级`, fields: 12 + i, price: `${(i + 1) * 1250}.5`, share: 9120 + i, at: '2026-11-12', state: i % 5 === 2 ? { text: '暂停', tone: 'warn' } : { text: '在用', tone: 'ok' } } })),
})
export const registers = {
  catalogue: register('catalogue', '授权目录', '目录与供给', 43), supply: register('supply', '供给协调', '目录与供给', 6), agreements: register('agreements', '协议', '授权与协议', 2), products: register('products', '数据产品', '产品与服务', 17),
  tariffs: { ...register('tariffs', '收费标准', '价格与收益', 0), rows: [] },
}
export const entries = (key, list) => ({
  title: '企业登记信息', subtitle: `ML-1406-0001 · ${key}`, clause: clause('7.2', '授权目录'), cases: list, proof: { seq: 12, url: '/api/log/proof/12' },
  starts: [{ procedure: 'p06_3b_demand', title: '申请使用这项数据', prefill: { title: '使用企业登记信息', scenario: 's1' } }],
  sections: [
    { kind: 'keyvalues', title: '基本信息', items: [{ label: '来源单位', value: '市市场监管局' }, { label: '分级', value: { text: '2 级', tone: 'warn' }, clause: '7.2' }, { label: '更新频率', value: '每日' }, { label: '状态', value: { text: '在用', tone: 'ok' } }] },
    { kind: 'table', title: '数据项', columns: [{ key: 'n', label: '名称', kind: 'text', primary: true }, { key: 'c', label: '列名', kind: 'code' }, { key: 't', label: '类型', kind: 'text' }, { key: 'g', label: '标签', kind: 'tag' }], rows: [{ n: '统一社会信用代码', c: 'uscc', t: 'text', g: '保护单位' }, { n: '注册资本', c: 'capital', t: 'int', g: '度量' }] },
    { kind: 'chart', chart: 'line', title: '每月使用量', columns: [{ key: 'm', label: '月份', kind: 'text' }, { key: 'v', label: '次数', kind: 'int' }], rows: [['7月', 130], ['8月', 180], ['9月', 160], ['10月', 240]].map(([m, v]) => ({ m, v })) },
  ],
})
export const messages = [
  { id: 'm1', kind: 'todo', title: '“医保商保直赔数据需求（二期）”待您审核', body: '恒远科技有限公司于 11月13日 15:02 重新提交，办理时限 11月26日 24:00。', caseNo: 'XQ-2026-0038', at: '2026-11-13T15:02:00+08:00', read: false },
  { id: 'm2', kind: 'todo', title: '“公交客流预测数据需求”已逾期 3 个工作日', body: '请尽快办理。', caseNo: 'XQ-2026-0029', at: '2026-11-20T08:00:00+08:00', read: false },
  { id: 'm3', kind: 'system', title: '导出“授权目录”已完成', body: '共 43 行。', at: '2026-11-19T17:30:00+08:00', read: false },
  { id: 'm4', kind: 'system', title: '“土地出让公告数据需求”已同意', body: '许可有效期至 2027-09-01。', caseNo: 'XQ-2026-0020', at: '2026-09-03T10:00:00+08:00', read: true },
]
export const jobs = [
  { id: 'j1', kind: 'ingest', title: '归集：公交刷卡记录 2026-10', state: 'running', done: 412000, total: 1200000, step: '清洗 2/5', startedAt: '2026-11-23T10:01:00+08:00' },
  { id: 'j2', kind: 'export', title: '导出：授权目录', state: 'done', done: 43, total: 43, step: '', startedAt: '2026-11-19T17:29:00+08:00', finishedAt: '2026-11-19T17:30:00+08:00', result: '/api/attachments/a1' },
  { id: 'j3', kind: 'ingest', title: '归集：用电量月度汇总', state: 'failed', done: 0, total: 0, step: '', startedAt: '2026-11-18T09:00:00+08:00', finishedAt: '2026-11-18T09:01:00+08:00', error: '第 3 列的日期格式与流程声明不一致，未写入任何数据。' },
]
export const project = {
  no: 'SB-2026-0003', title: '普惠金融企业画像', state: 'open', mayAsk: true, purpose: '中小微企业授信评分', period: { from: '2026-10-01T00:00:00+08:00', to: '2027-10-01T00:00:00+08:00' },
  tables: [
    { name: 'person', label: '参保人员', columns: [{ name: 'id_card', label: '公民身份号码', type: 'text', role: 'unit' }, { name: 'name', label: '姓名', type: 'text', role: 'forbidden' }, { name: 'age', label: '年龄', type: 'int', role: 'dim', lo: '0', hi: '120', grid: '5' }, { name: 'county', label: '县区', type: 'text', role: 'dim', domain: ['东城区', '西城区', '南山县', '北原县', '临河县', '明水市'] }, { name: 'income', label: '收入', type: 'int', role: 'measure', lo: '0', hi: '200000', grid: '1' }] },
    { name: 'county_dim', label: '县区', columns: [{ name: 'county', label: '县区', type: 'text', role: 'public' }] },
  ],
  budget: { total: 500000000, spent: 45000000, left: 455000000, day: 50000000, daySpent: 5000000, unit: 'nano-rho' },
  questions: [
    { id: 'q1', at: '2026-11-22T16:20:00+08:00', by: '张敏', sql: 'SELECT county, count(DISTINCT id_card) AS persons\nFROM person\nGROUP BY county', state: 'answered', price: 5000000, columns: [{ name: 'county', type: 'text', from: 'key' }, { name: 'persons', type: 'int', from: 'figure' }], rows: [['东城区', 128400], ['西城区', 90210], ['南山县', null], ['北原县', 20150], ['临河县', 31020], ['明水市', 77400]], withheld: 1, interval: Array.from({ length: 6 }, () => [null, 19.6]) },
    { id: 'q2', at: '2026-11-22T16:00:00+08:00', by: '张敏', sql: 'SELECT name FROM person', state: 'refused' },
  ],
}
const paper = 'body{font-family:"Noto Serif CJK SC",serif;line-height:1.8}h1{text-align:center;font-size:20px}p{text-indent:2em}.sign{text-align:right}'
export const documentHtml = `<!doctype html><html><head><style>${paper}</style><script>document.title="x"</script></head><body><h1>数据需求审核意见书</h1><p>恒远科技有限公司：</p><p>你单位提交的“医保商保直赔数据需求（二期）”（编号 XQ-2026-0038）收悉。经审核，所需数据在授权目录范围内，使用目的明确，同意使用。</p><p>使用期限十二个月，自许可生效之日起计算。</p><p class="sign">明川数据运营有限公司</p><p class="sign">二〇二六年十一月二十三日</p></body></html>`
export const weeklyHtml = `<!doctype html><html><head><style>${paper}table{width:100%;border-collapse:collapse}th,td{border:1px solid #333;padding:4px 8px}</style></head><body><h1>公共数据授权运营办理情况周报</h1><p>2026年11月16日至22日，全市新收事项 18 件，办结 12 件；截至周末在办 61 件，其中临期 7 件、逾期 4 件。</p><table><tr><th>单位</th><th>在办</th><th>逾期</th></tr><tr><td>市数据局</td><td>22</td><td>1</td></tr><tr><td>明川数据运营有限公司</td><td>31</td><td>3</td></tr></table></body></html>`

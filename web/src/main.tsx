import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { ConfigProvider } from 'antd'
import enUS from 'antd/locale/en_US'
import zhCN from 'antd/locale/zh_CN'
import dayjs from 'dayjs'
import 'dayjs/locale/zh-cn'
import { StrictMode, useEffect } from 'react'
import { createRoot } from 'react-dom/client'
import { queryClient } from './api/hooks'
import { getLang, setLang, useLang } from './i18n'
import { usePref } from './lib/prefs'
import { router } from './router'
import { themeFor } from './theme'
import './styles.css'
import './print.css'

setLang(getLang())

function App() {
  const lang = useLang()
  const large = usePref('large')
  useEffect(() => {
    document.documentElement.toggleAttribute('data-large', large)
  }, [large])
  useEffect(() => {
    dayjs.locale(lang === 'zh' ? 'zh-cn' : 'en')
  }, [lang])
  return (
    <ConfigProvider locale={lang === 'zh' ? zhCN : enUS} theme={themeFor(large)} wave={{ disabled: true }} button={{ autoInsertSpace: false }}>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} key={lang} />
      </QueryClientProvider>
    </ConfigProvider>
  )
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
)

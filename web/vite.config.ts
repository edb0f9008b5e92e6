import { defineConfig } from 'vite'
import react from '@vitejs/plugin-react'

// Built with relative addresses: web.go writes the base path into index.html
// when it starts, so that one build serves any base.
export default defineConfig(({ command }) => ({
  base: command === 'build' ? './' : '/app/',
  plugins: [react()],
  build: { target: 'es2022', chunkSizeWarningLimit: 1200, assetsInlineLimit: 0, emptyOutDir: true },
  server: { proxy: { '/api': process.env.PADO_API ?? 'http://127.0.0.1:8090' } },
}))

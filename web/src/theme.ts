import { theme, type ThemeConfig } from 'antd'

/**
 * Restrained blue; red only for refusals and acts that cannot be undone. The
 * library's greys do not reach 4.5:1 on white, so each of them is set here.
 */
export function themeFor(large: boolean): ThemeConfig {
  const grey = large ? '#1f2933' : '#4a5560'
  return {
    algorithm: theme.defaultAlgorithm,
    cssVar: { key: 'pado' },
    hashed: false,
    token: {
      fontFamily: '"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Source Han Sans SC","SimSun-ExtB","Plangothic P1",sans-serif',
      fontSize: large ? 18 : 14,
      controlHeight: large ? 44 : 32,
      borderRadius: 3,
      colorPrimary: '#1351b4',
      colorLink: '#1351b4',
      colorInfo: '#1351b4',
      colorInfoBg: '#eef4fd',
      colorInfoBorder: '#a9c4ee',
      colorError: '#c00000',
      colorErrorBg: '#fdf0f0',
      colorErrorBorder: '#e6a9a9',
      colorWarning: '#8a5300',
      colorWarningBg: '#fff7e6',
      colorWarningBorder: '#e6c27a',
      colorSuccess: '#1a6b38',
      colorSuccessBg: '#edf7f0',
      colorSuccessBorder: '#a3d0b3',
      colorText: large ? '#000000' : '#1c2733',
      colorTextSecondary: grey,
      colorTextTertiary: grey,
      colorTextQuaternary: large ? '#3a444e' : '#5b6570',
      colorTextDescription: grey,
      colorTextPlaceholder: large ? '#3a444e' : '#646e78',
      colorTextDisabled: '#5f6973',
      colorBorder: large ? '#6b7680' : '#b9c2cc',
      colorBorderSecondary: '#dde3ea',
      colorBgLayout: '#f3f5f8',
      boxShadow: '0 2px 10px rgba(16,32,64,.14)',
      motionDurationMid: '0.12s',
      motionDurationSlow: '0.16s',
    },
    components: {
      Button: { primaryShadow: 'none', defaultShadow: 'none', dangerShadow: 'none' },
      Modal: { titleFontSize: large ? 20 : 16 },
      Tabs: { horizontalItemPadding: '8px 0', horizontalMargin: '0' },
      Steps: { iconSize: 24 },
    },
  }
}

// The pages of data, which need a city with data: the source's desk, a hookup with its reader and its
// pipeline, the first page of every list; each with the checks of look().
import { readingStory } from './reading.mjs'

// The demonstration city has one hookup a source offered and the operator has not begun.
const hookup = 'JS-2026-000004-O'

export async function dataStories({ as, look, check }, out) {
  for (const width of [1366, 375]) {
    const source = await as('eco1', width)
    for (const [path, name] of [['/app/source', 'source'], [`/app/cases/${hookup}`, 'hookup'], [`/app/cases/${hookup}/reading`, 'reading-empty']]) await look(source, path, name)
    await source.context.close()
  }
  await readingStory({ as, check }, hookup, 'eco1', out)
  for (const width of [1366, 375]) {
    const operator = await as('oper1', width)
    for (const [path, name] of [[`/app/cases/${hookup}/pipeline`, 'pipeline'], [`/app/cases/${hookup}/reading`, 'reading-operator']]) await look(operator, path, name)
    // The first page of every list of data.
    for (const id of ['catalogue', 'authorised_catalogue', 'internal_catalogue', 'hookups', 'datasets', 'supply_board', 'supply_alarms', 'supply_rates', 'supply_requests', 'quality_tickets', 'national_registrations']) {
      await operator.page.goto('/app/registers/' + id)
      const first = operator.page.locator(`main a[href*="/registers/${id}/"]`).first()
      await first.waitFor({ timeout: 60000 })
      await look(operator, await first.getAttribute('href'), 'page-' + id)
    }
    await operator.context.close()
  }
}

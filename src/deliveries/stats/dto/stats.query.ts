import { QueryOneOf } from '../../../common/query-property.js';
import { STATS_WINDOWS, type StatsWindow } from '../stats-window.js';

export class StatsQuery {
  @QueryOneOf(STATS_WINDOWS, { description: 'How far back to look. Default: `24h`.' })
  window: StatsWindow = '24h';
}

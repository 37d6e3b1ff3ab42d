import { QueryOneOf } from '../../openapi/query-property.js';
import type { StatsWindow } from '../stats-window.js';
import { STATS_WINDOW } from './stats.dto.js';

export class StatsQuery {
  @QueryOneOf(STATS_WINDOW, { description: 'How far back to look. Default: `24h`.' })
  window: StatsWindow = '24h';
}

// Holds the types that pages use to those of the API's document, which npm run check makes anew;
// compiled, never run.
import type { components } from './openapi';
import type * as ours from '../src/lib/types';

type Schemas = components['schemas'];
/** Whether everything that the API may answer is something that a page knows how to read. */
type Reads<Answer extends Known, Known> = [Answer, Known];

export type Checks = [
  Reads<Schemas['Session'], ours.SessionInfo>,
  Reads<Schemas['Source'], ours.Source>,
  Reads<Schemas['Proxy'], ours.Proxy>,
  Reads<Schemas['Snapshot'], ours.SnapshotRow>,
  Reads<Schemas['Generation'], ours.Generation>,
  Reads<Schemas['Diff'], ours.Diff>,
  // Of progress the document says only that it is an object.
  Reads<Schemas['Job'], Omit<ours.Job, 'progress'>>,
  Reads<Schemas['Status'], Omit<ours.Status, 'jobs'>>,
  Reads<Schemas['Run'], ours.RunRow>,
  Reads<Schemas['Settings'], ours.Settings>,
  Reads<Schemas['SettingsDryRun'], ours.SettingsTrial>,
  Reads<Schemas['PluginList'], ours.PluginList>,
  Reads<Schemas['PluginReload'], ours.PluginReload>,
  Reads<Schemas['User'], ours.User>,
  Reads<Schemas['Channel'], ours.Channel>,
  Reads<Schemas['Programme'], ours.Programme>,
  Reads<Schemas['Probe'], ours.Validation>,
  Reads<Schemas['Edit'], ours.Edit>,
  Reads<Schemas['BulkEdit'], ours.BulkEdit>,
  Reads<Schemas['GuideChannel'], ours.GuideChannel>,
  Reads<Schemas['Logo'], ours.OwnLogo>,
  Reads<Schemas['OutputToken'], ours.OutputToken>,
];

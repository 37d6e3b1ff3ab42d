import { randomUUID } from 'node:crypto';
const ROOT = process.env['ROOT'] ?? '/work/main';
const { createTestDatabase } = await import(ROOT + '/test/support/database.ts');
const fx = await import(ROOT + '/test/support/delivery-fixtures.ts');
const { settleDeliveries } = await import(ROOT + '/src/deliveries/queue/settle-deliveries.ts');
const { claimDeliveries } = await import(ROOT + '/src/deliveries/queue/claim-deliveries.ts');
const { uuidV7 } = await import(ROOT + '/src/common/uuid-v7.ts');
const types = ['record:created','record:updated','record:deleted','batch_job:failed','batch_job:completed'];
const db = await createTestDatabase(); const ds = db.dataSource;
const env = await fx.makeEnvironment(ds);
for (let i=0;i<20;i++) await fx.makeWebhook(ds, env, { eventTypes: [types[i%5]] });
// make 5 webhooks only distinct so that 1 event -> 4 deliveries? keep 1:1
await ds.query(`UPDATE webhook SET is_active=false, disabled_at=now(), disabled_reason='manual' WHERE id IN (SELECT id FROM (SELECT id, row_number() over (partition by event_types order by id) n FROM webhook) t WHERE n>1)`);
const payload='{"n":1,"customer":{"id":"c_102934","name":"Example GmbH"},"changes":["name","address"],"note":"the quick brown fox jumps over the lazy dog, again and again"}';
const B = +(process.env['B'] ?? 500), ROUNDS = +(process.env['ROUNDS'] ?? 16);
const med=(a:number[])=>{const s=[...a].sort((x,y)=>x-y); return s[s.length>>1]!;};
async function phase(total:number){
 const tA:number[]=[],tS:number[]=[],tC:number[]=[]; const wal0 = db.engine==='server' ? (await ds.query('select pg_current_wal_lsn() l'))[0].l : null;
 for (let r=0;r<ROUNDS;r++){
  const events=Array.from({length:B},(_, i)=>fx.makeEvent(env,{payload, eventType: types[i%5]}));
  let t=performance.now(); const acc=await fx.accept(ds, events, {total, perWebhook: 100000}); tA.push(performance.now()-t);
  let leased=acc.leased;
  if (total===0){ t=performance.now(); const c=await claimDeliveries(ds,{lease:uuidV7(),replicaId:randomUUID(),leaseMs:45000,total:B,perWebhook:100000,webhookRooms:new Map(),after:null,probeIntervalMs:30000}); tC.push(performance.now()-t); leased=c.deliveries; }
  const results=leased.map((d:any)=>fx.resultOf(d,{kind:'succeeded'},fx.attempted('succeeded',{request:{url:'https://example.com/webhook',headers:{'content-type':'application/json','user-agent':'Tidings/0.1.0','webhook-id':d.event.id,'webhook-timestamp':'1764000000','webhook-signature':'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=','x-webhook-signature':'format=sha256,v=K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4='}}})));
  t=performance.now(); const s=await settleDeliveries(ds, results); tS.push(performance.now()-t); if (s.size!==B) throw new Error('settled '+s.size);
 }
 let wal=''; if (wal0) wal=' walB/ev '+((await ds.query('select pg_wal_lsn_diff(pg_current_wal_lsn(),$1) d',[wal0]))[0].d/(ROUNDS*B)).toFixed(0);
 const f=(a:number[])=>a.length?(med(a)*1000/B).toFixed(1)+'us (min '+(Math.min(...a)*1000/B).toFixed(1)+')':'-';
 console.log(db.engine,'B',B,'total',total,'accept',f(tA),'claim',f(tC),'settle',f(tS)+wal);
}
await phase(B); await phase(B); await phase(0);
await db.close(); process.exit(0);

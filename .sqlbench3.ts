const ROOT='/work/main'; const { createTestDatabase } = await import(ROOT + '/test/support/database.ts'); const fx = await import(ROOT + '/test/support/delivery-fixtures.ts');
const { readFileSync } = await import('node:fs'); const { randomUUID } = await import('node:crypto');
const db = await createTestDatabase(); const ds = db.dataSource;
const env=await fx.makeEnvironment(ds); const types=['record:created','record:updated','record:deleted','batch_job:failed','batch_job:completed']; for (const t of types) await fx.makeWebhook(ds,env,{eventTypes:[t]});
// capture SQL by wrapping query
const captured: Record<string,string> = {}; const wrap={query:(sql:string,p:any)=>{ captured[sql.includes('claimed_key')?'accept':'settle']=sql; return ds.query(sql,p);} };
const { acceptEvents } = await import(ROOT+'/src/events/accept-events.ts'); const { settleDeliveries } = await import(ROOT+'/src/deliveries/queue/settle-deliveries.ts');
const payload='{"n":1,"customer":{"id":"c_102934","name":"Example GmbH"},"changes":["name","address"],"note":"the quick brown fox jumps over the lazy dog, again and again"}';
const room=(n:number)=>({lease:randomUUID(),replicaId:randomUUID(),leaseMs:45000,total:n,perWebhook:100000,webhookRooms:new Map(),release(){}});
const med=(a:number[])=>[...a].sort((x,y)=>x-y)[a.length>>1]!;
async function phase(name:string, db2:any, B:number, R:number){ const a:number[]=[],s:number[]=[]; for(let r=0;r<R;r++){ const ev=Array.from({length:B},(_,i)=>fx.makeEvent(env,{payload,eventType:types[i%5]})); let t=performance.now(); const acc=await acceptEvents(db2,ev,room(B) as any); a.push(performance.now()-t);
 const res=acc.leased.map((d:any)=>fx.resultOf(d,{kind:'succeeded'},fx.attempted('succeeded'))); t=performance.now(); await settleDeliveries(db2,res); s.push(performance.now()-t);} console.log(name,'B',B,'accept ms',med(a).toFixed(2),'settle ms',med(s).toFixed(2)); }
await phase('plain',wrap,1,60); await phase('plain',wrap,10,60); await phase('plain',wrap,64,30); await phase('plain',wrap,500,10);
console.log(Object.keys(captured));
const cols:Record<string,string>={accept:'accepted json, leased json, targets json, unleased int', settle:''};
console.log(captured['settle']!.slice(-400));
const P:Record<string,string>={accept:'json,uuid,uuid,int,int,uuid[],int[],int', settle:'json,uuid,uuid,uuid,uuid'};
cols['settle']='delivery_id uuid, status text';
for (const k of ['accept','settle']) await ds.query(`CREATE FUNCTION f_${k}(${P[k]}) RETURNS TABLE(${cols[k]}) LANGUAGE plpgsql SET plan_cache_mode=force_generic_plan AS $f$ #variable_conflict use_column
 BEGIN RETURN QUERY ${captured[k]}; END $f$`);
const fn={query:(sql:string,p:any)=>{ const k=sql.includes('claimed_key')?'accept':'settle'; return ds.query(`select * from f_${k}(${P[k]!.split(',').map((t,i)=>`$${i+1}::${t}`).join(',')})`,p);} };
await phase('fn',fn,1,60); await phase('fn',fn,10,60); await phase('fn',fn,64,30); await phase('fn',fn,500,10);
await db.close(); process.exit(0);

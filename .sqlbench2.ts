const ROOT='/work/main'; const { createTestDatabase } = await import(ROOT + '/test/support/database.ts'); const fx = await import(ROOT + '/test/support/delivery-fixtures.ts');
const { uuidV7 } = await import(ROOT + '/src/common/uuid-v7.ts');
const db = await createTestDatabase(); const ds = db.dataSource; const N=500;
const payload='{"n":1,"customer":{"id":"c_102934","name":"Example GmbH"},"changes":["name","address"],"note":"the quick brown fox jumps over the lazy dog, again and again"}';
const env=await fx.makeEnvironment(ds); const w=await fx.makeWebhook(ds,env);
const hdr={'content-type':'application/json','user-agent':'Tidings/0.1.0','webhook-id':w,'webhook-timestamp':'1764000000','webhook-signature':'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=','x-webhook-signature':'format=sha256,v=K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4='};
const med=(a:number[])=>[...a].sort((x,y)=>x-y)[a.length>>1]!;
async function time(name:string, f:()=>Promise<unknown>, n=15){ const a:number[]=[]; for(let i=0;i<n;i++){ const t=performance.now(); await f(); a.push(performance.now()-t);} console.log(name.padEnd(50),(med(a)*1000/N).toFixed(2),'us/row','min',(Math.min(...a)*1000/N).toFixed(2)); }
const ids=()=>Array.from({length:N},()=>uuidV7()); const I=ids();
const evs=I.map(id=>({id,environment_id:env,event_type:'record:created',payload,created_at:new Date(),idempotency_key:undefined,content_hash:undefined}));
const ej=JSON.stringify(evs);
const rows=I.map(id=>({delivery_id:id,lease:w,webhook_id:w,settlement:'succeeded',in_ms:null,cancel_reason:null,is_forced:false,attempt_id:id,started_at:new Date(),duration_ms:12,outcome:'succeeded',error:null,request_url:'https://example.com/webhook',request_headers:hdr,response_status:200,response_headers:{'content-type':'text/plain'},response_body:'ok',response_body_truncated:false}));
const rj=JSON.stringify(rows);
await time('select 1', ()=>ds.query('select 1'));
await time('accept json_to_recordset', ()=>ds.query('select count(payload), count(id), count(created_at) from json_to_recordset($1::json) as i(id uuid, environment_id uuid, event_type text, payload text, created_at timestamptz, idempotency_key text, content_hash text)',[ej]));
await time('accept unnest', ()=>ds.query('select count(payload), count(id) from unnest($1::uuid[],$2::uuid[],$3::text[],$4::text[],$5::timestamptz[]) as i(id,e,t,payload,c)',[I,I.map(()=>env),I.map(()=>'record:created'),I.map(()=>payload),I.map(()=>new Date())]));
await time('settle json_to_recordset', ()=>ds.query(`SELECT count(delivery_id), count(request_headers) FROM json_to_recordset($1::json) AS r (
      delivery_id uuid, lease uuid, webhook_id uuid, settlement text, in_ms bigint, cancel_reason text, is_forced boolean,
      attempt_id uuid, started_at timestamptz, duration_ms int, outcome text, error text,
      request_url text, request_headers jsonb,
      response_status smallint, response_headers jsonb, response_body text, response_body_truncated boolean)`,[rj]));
await time('settle unnest jsonb', ()=>ds.query(`SELECT count(a), count(g) FROM unnest($1::uuid[],$2::uuid[],$3::uuid[],$4::timestamptz[],$5::int[],$6::text[],$7::jsonb[],$8::int[],$9::jsonb[],$10::text[]) AS r (a,b,c,d,e,f,g,h,i,j)`,[I,I,I,I.map(()=>new Date()),I.map(()=>12),I.map(()=>'https://example.com/webhook'),I.map(()=>JSON.stringify(hdr)),I.map(()=>200),I.map(()=>'{"content-type":"text/plain"}'),I.map(()=>'ok')]));
await time('settle unnest json text', ()=>ds.query(`SELECT count(a), count(g) FROM unnest($1::uuid[],$2::uuid[],$3::uuid[],$4::timestamptz[],$5::int[],$6::text[],$7::text[],$8::int[],$9::text[],$10::text[]) AS r (a,b,c,d,e,f,g,h,i,j)`,[I,I,I,I.map(()=>new Date()),I.map(()=>12),I.map(()=>'https://example.com/webhook'),I.map(()=>JSON.stringify(hdr)),I.map(()=>200),I.map(()=>'{"content-type":"text/plain"}'),I.map(()=>'ok')]));
await time('uuid_v7 fn', ()=>ds.query(`select count(uuid_v7(now())) from generate_series(1,${N})`));
await time('uuid splice', ()=>ds.query(`select count((left(u::text,19)||right(gen_random_uuid()::text,17))::uuid) from unnest($1::uuid[]) u`,[I]));
await time('gen_random_uuid', ()=>ds.query(`select count(gen_random_uuid()) from generate_series(1,${N})`));
await time('insert event', ()=>{const I=ids(); return ds.query(`insert into event(id,environment_id,event_type,payload,created_at) select id,'${env}','record:created',$2,now() from unnest($1::uuid[]) id`,[I,payload])});
await time('insert delivery', ()=>{const I=ids(); return ds.query(`insert into delivery(id,environment_id,event_id,webhook_id,event_type,status,created_at) select id,'${env}',id,'${w}','record:created','pending',now() from unnest($1::uuid[]) id`,[I])});
const Q:string[][]=[];
await time('insert queue', ()=>{const I=ids(); Q.push(I); return ds.query(`insert into delivery_queue(delivery_id,webhook_id,event_id,due_at,lease,leased_by,leased_until) select id,'${w}',id,now(),'${w}','${w}',now() from unnest($1::uuid[]) id`,[I])});
await time('delete queue', ()=>ds.query(`delete from delivery_queue q using unnest($1::uuid[]) id where q.delivery_id=id and q.lease='${w}'`,[Q.pop()]));
await time('insert attempt', ()=>{const I=ids(); return ds.query(`insert into attempt(id,delivery_id,number,started_at,duration_ms,outcome,request_url,request_headers,response_status,response_headers,response_body,response_body_truncated) select id,id,1,now(),12,'succeeded','https://example.com/webhook',$2::jsonb,200,'{}','ok',false from unnest($1::uuid[]) id`,[I,JSON.stringify(hdr)])});
const D=(await ds.query('select id from delivery order by id limit 7500')).map((r:any)=>r.id) as string[];
let k=0; await time('update delivery', ()=>{const I=D.slice(k,k+=N); return ds.query(`update delivery d set status='succeeded', attempt_count=1, completed_at=now() from unnest($1::uuid[]) id where d.id=id and d.id between $2::uuid and $3::uuid`,[I,I[0],I.at(-1)])});
for (const t of ['event','delivery','delivery_queue','attempt']) console.log(t, await ds.query(`select count(*) from ${t}`));
await db.close(); process.exit(0);

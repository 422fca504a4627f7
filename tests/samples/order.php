<?php
// The published PHP sample; only host, token and seller are not as printed, and the sandbox's own authority is trusted.
$url = getenv('FLORIN_BASE') . '/api/lending/edge/ecommerce/seller/' . getenv('SUPPLIER_UUID') . '/order';
$data = ['data' => ['amount' => 4200, 'reference' => '#order1']];

$ch = curl_init($url);
curl_setopt($ch, CURLOPT_RETURNTRANSFER, true);
curl_setopt($ch, CURLOPT_POST, true);
curl_setopt($ch, CURLOPT_POSTFIELDS, json_encode($data));
curl_setopt($ch, CURLOPT_HTTPHEADER, [
    'Authorization: Bearer ' . getenv('SUPPLIER_ACCESS_TOKEN'),
    'Content-Type: application/json',
]);
curl_setopt($ch, CURLOPT_CAINFO, getenv('FLORIN_CA'));

$response = curl_exec($ch);
if ($response === false) {
    fwrite(STDERR, curl_error($ch) . PHP_EOL);
    exit(1);
}
curl_close($ch);

echo $response, PHP_EOL;
